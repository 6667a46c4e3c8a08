"""The calls of the Open Inference Protocol on a model."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from inspector.engine.engine import Engine
from inspector.face.local import LocalBackend
from inspector.face.model import Model
from inspector.inference.infer import infer
from inspector.inference.inference_service_pb2 import ModelInferRequest, ModelMetadataRequest
from inspector.inference.metadata import model_metadata
from inspector.types.control import Control
from inspector.wire.bounds import require_bounded
from inspector.wire.peek import malformed
from inspector.worker.operation import Answer, Ask, Here, Lane, operation

M = TypeVar("M", bound=Message)


@operation("infer")
def answer(here: Here, ask: Ask) -> Answer:
    """Answer ModelInfer: of at most `most_images` pictures, in `most_bytes`, with layers if it `gives_layers`."""
    request = _parsed(ask.body, ModelInferRequest)
    control = Control(cancellation=ask.cancellation, max_result_bytes=ask.about["most_bytes"])
    with here.models.using(ask.model) as model:
        found = infer(
            _engine(model),
            request,
            control=control,
            most_pictures=ask.about["most_images"],
            gives_layers=ask.about["gives_layers"],
        )
    return Answer(found.SerializeToString())


@operation("model_metadata", lane=Lane.QUICK)
def metadata(here: Here, ask: Ask) -> Answer:
    """Answer ModelMetadata."""
    request = _parsed(ask.body, ModelMetadataRequest)
    with here.models.using(ask.model) as model:
        return Answer(model_metadata(_engine(model).model, name=request.name).SerializeToString())


def _engine(model: Model) -> Engine:
    backend = model.backend
    if not isinstance(backend, LocalBackend):
        raise TypeError(f"{backend!r} has no engine of this process.")
    return backend.engine


def _parsed(body: bytes, kind: type[M]) -> M:
    try:
        found = kind.FromString(body)
    except DecodeError as error:
        raise malformed(len(body)) from error
    require_bounded(found)
    return found
