"""NumPy's names of ONNX element types."""

from __future__ import annotations

from collections.abc import Mapping

import onnx_ir as ir

NAMES: Mapping[ir.DataType, str] = {
    dtype: "string" if dtype == ir.DataType.STRING else str(dtype.numpy().name)
    for dtype in ir.DataType
    if dtype != ir.DataType.UNDEFINED
}
_TYPES = {name: dtype for dtype, name in NAMES.items()}


def dtype_name(element_type: int) -> str:
    """Return NumPy's name of an ONNX element type ("float32", "bfloat16", "string")."""
    return NAMES[ir.DataType(element_type)]


def element_type(name: str) -> int:
    """Return the ONNX element type of a NumPy name; KeyError for one that ONNX does not have."""
    return int(_TYPES[name])
