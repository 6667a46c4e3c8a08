"""The calls of inspector.v1.InspectionService on a model: a request's bytes in, a response's bytes out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from google.protobuf.message import Message

from inspector.face.backend import Backend
from inspector.types.control import Control, Progress
from inspector.wire.calls import Rpc, rpc_named
from inspector.wire.counts import require_counts
from inspector.wire.parsing import parsed
from inspector.wire.requests import request_kind, request_of_message
from inspector.wire.results import response_of
from inspector.worker.operation import Answer, Ask, Here, operation


@operation("inspect")
def inspect(here: Here, ask: Ask) -> Answer:
    """Answer a call, `call`, about a model; a call that streams tells its progress."""
    call = rpc_named(ask.about["call"])
    message: Any = parsed(ask.body, call.request)
    require_counts(message, most_images=ask.about["most_images"])
    request_kind(message, call)
    with here.models.using(ask.model) as model:
        return Answer(_answered(model.backend, message, call, ask).SerializeToString())


def _answered(backend: Backend, message: Any, call: Rpc, ask: Ask) -> Message:
    control = Control(cancellation=ask.cancellation, max_result_bytes=ask.about["most_bytes"])
    if not call.is_stream:
        return response_of(call, result=backend.ask(request_of_message(message, call), control))
    told: list[Progress] = []

    def tell(progress: Progress) -> None:
        told[:] = [replace(progress, partial=None)]
        ask.tell(response_of(call, progress=progress).SerializeToString())

    wants_partial = getattr(message, "wants_partial", False)
    result = backend.ask(
        request_of_message(message, call), replace(control, progress=tell, wants_partial=wants_partial)
    )
    # Only the last message is sure to reach a slow reader: it says once more what was told last.
    return response_of(call, result=result, progress=told[0] if told else None)
