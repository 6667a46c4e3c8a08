"""Element types: NumPy's names in Python, the Open Inference Protocol's on the wire."""

from __future__ import annotations

from typing import NewType

from inspector.errors import InvalidInputError

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
