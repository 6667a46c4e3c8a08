"""The calls of the Open Inference Protocol on a model."""

from __future__ import annotations

from inspector.inference.infer import infer
from inspector.inference.inference_service_pb2 import ModelInferRequest, ModelMetadataRequest
from inspector.inference.metadata import model_metadata
from inspector.types.control import Control
from inspector.wire.bounds import require_bounded
from inspector.wire.parsing import parsed
from inspector.worker.hosted import engine_of
from inspector.worker.operation import Answer, Ask, Here, Lane, operation


@operation("infer")
def answer(here: Here, ask: Ask) -> Answer:
    """Answer ModelInfer: of at most `most_images` pictures, in `most_bytes`, with layers if it `gives_layers`."""
    request = parsed(ask.body, ModelInferRequest)
    require_bounded(request)
    control = Control(cancellation=ask.cancellation, max_result_bytes=ask.about["most_bytes"])
    with here.models.using(ask.model) as model:
        found = infer(
            engine_of(model),
            request,
            control=control,
            most_pictures=ask.about["most_images"],
            gives_layers=ask.about["gives_layers"],
        )
    return Answer(found.SerializeToString())


@operation("model_metadata", lane=Lane.QUICK)
def metadata(here: Here, ask: Ask) -> Answer:
    """Answer ModelMetadata."""
    request = parsed(ask.body, ModelMetadataRequest)
    require_bounded(request)
    with here.models.using(ask.model) as model:
        return Answer(model_metadata(engine_of(model).model, name=request.name).SerializeToString())
