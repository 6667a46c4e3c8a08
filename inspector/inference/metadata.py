"""What is known of a model, in the words of the Open Inference Protocol."""

from __future__ import annotations

from collections.abc import Iterable

from inspector.inference.inference_service_pb2 import ModelMetadataResponse
from inspector.inference.naming import VERSION
from inspector.model.spec import OnnxModel
from inspector.types.dtypes import datatype_of
from inspector.types.layers import Output

PLATFORM = "onnxruntime_onnx"


def model_metadata(model: OnnxModel, *, name: str) -> ModelMetadataResponse:
    """Return a model's input and outputs, with -1 for a size that is free.

    ModelInfer gives layers by name, too, which InspectionService.Layers tells. The input takes encoded pictures as
    BYTES, whatever its datatype.
    """
    tensor = ModelMetadataResponse.TensorMetadata
    one = model.input
    return ModelMetadataResponse(
        name=name,
        versions=[VERSION],
        platform=PLATFORM,
        inputs=[tensor(name=one.name, datatype=datatype_of(one.dtype), shape=_sizes(one.shape))],
        outputs=[
            tensor(name=output.name, datatype=datatype_of(output.dtype), shape=_shape(model, output))
            for output in model.outputs
        ],
    )


def _shape(model: OnnxModel, output: Output) -> list[int]:
    """Return an output's shape as the file declares it, else as it is inferred, with the input's batch first."""
    declared = next(value.shape for value in model.ir.graph.outputs if value.name == output.name)
    if declared is not None:
        return _sizes(declared)
    inferred = _sizes(output.shape)  # for one image
    return [model.input.batch or -1, *inferred[1:]] if inferred[:1] == [1] else inferred


def _sizes(shape: Iterable[object]) -> list[int]:
    return [size if isinstance(size, int) else -1 for size in shape]
