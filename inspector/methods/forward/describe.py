"""What is known of a model before it runs."""

from __future__ import annotations

from inspector.engine.run import Run
from inspector.methods.verbs import answers
from inspector.resolve.rectifiers import rectifiers as rectifiers_of
from inspector.types.requests.describe import DescribeRequest, LayersRequest, RectifiersRequest
from inspector.types.results.model_info import Layers, ModelInfo, Rectifiers


@answers(DescribeRequest)
def describe(run: Run, _request: DescribeRequest) -> ModelInfo:
    """Return what is known of the model, its layers aside."""
    model = run.engine.model
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
    )


@answers(LayersRequest)
def layers(run: Run, _request: LayersRequest) -> Layers:
    """Return the layers in graph order."""
    return Layers(layers=run.engine.model.layers)


@answers(RectifiersRequest)
def rectifiers(run: Run, _request: RectifiersRequest) -> Rectifiers:
    """Return the rectifiers in graph order."""
    return Rectifiers(rectifiers=rectifiers_of(run.engine.model))
