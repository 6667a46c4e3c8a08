"""What is known of a model before it runs."""

from __future__ import annotations

from inspector.engine.run import Run
from inspector.methods.notes import OPTIMIZATION_LOWERED
from inspector.methods.verbs import answers
from inspector.model.metadata import metadata_of
from inspector.resolve.rectifiers import rectifiers as rectifiers_of
from inspector.types.requests.describe import DescribeRequest, LayersRequest, RectifiersRequest
from inspector.types.results.model_info import Layers, ModelInfo, Rectifiers


@answers(DescribeRequest)
def describe(run: Run, _request: DescribeRequest) -> ModelInfo:
    """Return what is known of the model, its layers aside."""
    model, level = run.engine.model, run.engine.known_level
    if level is not None and level.reason is not None:
        run.note(
            OPTIMIZATION_LOWERED,
            f"This quantized model answers at the optimization level {level.optimization.name.lower()!r}: "
            f"{level.reason}.",
        )
    return ModelInfo(
        name=model.name,
        sha256=model.sha256,
        size=model.size,
        opset=model.opset,
        input=model.input,
        outputs=model.outputs,
        preprocessing=model.preprocessing,
        labels=model.labels,
        layer_count=len(model.layers),
        device=run.engine.device.name,
        optimization="" if level is None else level.optimization.name.lower(),
        metadata=metadata_of(model.ir),
        notes=run.notes,
    )


@answers(LayersRequest)
def layers(run: Run, _request: LayersRequest) -> Layers:
    """Return the layers in graph order."""
    return Layers(layers=run.engine.model.layers)


@answers(RectifiersRequest)
def rectifiers(run: Run, _request: RectifiersRequest) -> Rectifiers:
    """Return the rectifiers in graph order."""
    return Rectifiers(rectifiers=rectifiers_of(run.engine.model))
