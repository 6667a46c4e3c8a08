"""Element types: NumPy's names in Python, the Open Inference Protocol's on the wire."""

from __future__ import annotations

from typing import Any, NewType

import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.arrays import Array

Dtype = NewType("Dtype", str)
"""An element type by NumPy's name, as ONNX spells it too: "float32", "uint8", "bool", "bfloat16"."""

_SIZES = {"float": (16, 32, 64), "int": (8, 16, 32, 64), "uint": (8, 16, 32, 64)}
_PREFIXES = {"float": "FP", "int": "INT", "uint": "UINT"}
DATATYPES = {
    f"{name}{bits}": f"{_PREFIXES[name]}{bits}" for name, sizes in _SIZES.items() for bits in sizes
} | {"bool": "BOOL", "bfloat16": "BF16", "str": "BYTES"}
"""The Open Inference Protocol's datatypes by NumPy's names."""

DTYPES = {datatype: dtype for dtype, datatype in DATATYPES.items()}


def datatype_of(dtype: str) -> str:
    """Return the wire's name of an element type; those that the protocol lacks in upper case ("FLOAT8E4M3FN")."""
    return DATATYPES.get(dtype, dtype.upper())


def dtype_of(datatype: str) -> Dtype:
    """Return NumPy's name of an element type on the wire; InvalidInputError names the known ones."""
    if datatype in DTYPES:
        return Dtype(DTYPES[datatype])
    if datatype and datatype == datatype.upper() and datatype.isidentifier():
        return Dtype(datatype.lower())
    raise InvalidInputError(
        f"The datatype is {datatype[:40]!r}; known are {', '.join(DTYPES)}.", reason="UNKNOWN_DATATYPE"
    )


def saturated(values: Array, dtype: str) -> Array:
    """Return real values in an element type: those beyond it become its nearest end, and integers are rounded.

    Whatever is made of images (noise, mixtures, resized pixels) comes to the model's own type here, so that none wraps
    around, and NaN stays where the type has it.
    """
    kind = np.dtype(dtype)
    if kind.kind == "f":
        with np.errstate(over="ignore"):
            return np.clip(values, *_ends(kind)).astype(kind) if values.dtype != kind else values
    if kind.kind not in "iu" or values.dtype == kind:
        return values.astype(kind, copy=False)
    low, high = _ends(kind)
    rounded = np.rint(values)
    # The largest integer of many bits is no floating-point number: what is as large is not to be converted.
    is_over = rounded >= float(high)
    whole: Array = np.where(is_over, low, np.maximum(rounded, low)).astype(kind)
    return np.where(is_over, np.asarray(high, kind), whole)


def held_by(values: Array, dtype: str) -> Array | None:
    """Return values in an element type; None where one of them is not finite, too large, or for integers not whole."""
    kind = np.dtype(dtype)
    if values.dtype == kind:
        return values
    if kind.kind not in "iu":
        with np.errstate(over="ignore"):
            found = values.astype(kind)
        return found if kind.kind != "f" or bool(np.isfinite(found).all()) else None
    low, high = _ends(kind)
    is_held = (values == np.rint(values)) & (values >= low) & (values < float(high) + 1)
    return values.astype(kind) if bool(is_held.all()) else None


def _ends(kind: np.dtype[Any]) -> tuple[Any, Any]:
    """Return the least and the largest value of a type of numbers."""
    info: Any = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    return info.min, info.max
