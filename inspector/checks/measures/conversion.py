"""What a conversion to float16 would lose of a model."""

from __future__ import annotations

from inspector.checks.examination import SkippedError
from inspector.model.spec import OnnxModel
from inspector.operators.domains import is_standard

LEAST_FLOAT16 = 2.0**-25
"""What is not larger becomes 0 in float16, whose smallest number is twice that."""


def require_float32(model: OnnxModel) -> None:
    """Raise SkippedError for a model that computes in float16 throughout."""
    if model.layers and all(layer.dtype == "float16" for layer in model.layers):
        raise SkippedError("it computes in float16 already.")


def sums_of_codes(model: OnnxModel) -> set[str]:
    """Return the layers that only make floats of whole numbers, by their tensors.

    These are what integer kernels have summed up, and a device takes them together with the scale that follows.
    """
    return {
        node.outputs[0].name or ""
        for node in model.ir.graph
        if node.op_type == "Cast"
        and is_standard(node)
        and node.inputs[0] is not None
        and model.dtypes.get(node.inputs[0].name or "", "").lstrip("u").startswith("int")
    }
