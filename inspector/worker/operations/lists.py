"""The lists of inspector.v1.InspectionService: methods and verbs, those of extensions included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from inspector.face.catalog import attribution_methods, verbs
from inspector.v1 import inspection_service_pb2 as pb
from inspector.v1 import method_pb2
from inspector.wire.bounds import require_bounded
from inspector.wire.codec import to_message
from inspector.wire.pages import page
from inspector.wire.parsing import parsed
from inspector.worker.operation import Answer, Ask, Here, Lane, operation


def _methods(request: Any) -> Message:
    found, token = page(
        attribution_methods(), size=request.page_size, token=request.page_token, default=100, limit=1000
    )
    methods = [to_message(method, method_pb2.Method) for method in found]
    return pb.ListMethodsResponse(methods=methods, next_page_token=token)


def _verbs(request: Any) -> Message:
    found, token = page(verbs(), size=request.page_size, token=request.page_token, default=100, limit=1000)
    return pb.ListVerbsResponse(
        verbs=[to_message(verb, method_pb2.Verb) for verb in found], next_page_token=token
    )


_LISTS: dict[str, tuple[type[Message], Callable[[Any], Message]]] = {
    "ListMethods": (pb.ListMethodsRequest, _methods),
    "ListVerbs": (pb.ListVerbsRequest, _verbs),
}


@operation("list", lane=Lane.QUICK)
def list_page(_here: Here, ask: Ask) -> Answer:
    """Answer a call, `call`, that lists what there is."""
    kind, answer = _LISTS[ask.about["call"]]
    request = parsed(ask.body, kind)
    require_bounded(request)
    return Answer(answer(request).SerializeToString())
