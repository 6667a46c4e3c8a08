"""What ONNX's own checker says of a file."""

from __future__ import annotations

import onnx

from inspector.model.spec import OnnxModel
from inspector.operators.domains import STANDARD

_EXPERIMENTAL = frozenset(
    {
        "ATen", "Affine", "ConstantFill", "Crop", "DynamicSlice", "GRUUnit", "GivenTensorFill", "ImageScaler",
        "ParametricSoftplus", "Scale", "ScaledTanh",
    }
)  # fmt: skip
"""Operators that the checker knows nothing of, and tells so on the standard output, where reports may go."""


def complaint_of_checker(model: OnnxModel) -> str | None:
    """Return what ONNX's checker, with strict inference of shapes, objects to in the file; None where to nothing.

    It is shown the file without its large tensors. ValueError where it cannot judge the file, saying why.
    """
    unknown = sorted(
        name for domain, name in model.file.operators if domain == STANDARD and name in _EXPERIMENTAL
    )
    if unknown:
        raise ValueError(f"it knows nothing of {', '.join(unknown)}, which are from before ONNX 1.0.")
    if model.file.skeleton is None:
        raise ValueError("the file is large even without its weights.")
    try:
        onnx.checker.check_model(model.file.skeleton, full_check=True)
    except (
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
        RuntimeError,
        ValueError,
    ) as error:
        return " ".join(str(error).split())[:500] or type(error).__name__
    return None
