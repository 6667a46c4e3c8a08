"""Tensors: NumPy arrays to the wire and back, with nothing believed that came over it."""

from __future__ import annotations

from math import prod
from typing import Any

import ml_dtypes
import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.arrays import Array
from inspector.v1 import tensor_pb2

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
}
"""The Open Inference Protocol's names."""

FLOATS = frozenset({"FP16", "FP32", "FP64", "BF16"})
MAX_RANK = 8
MAX_VALUES = 2**40
"""More than any message holds; what is larger would overflow where sizes are multiplied."""

_NAMES = {dtype: name for name, dtype in DTYPES.items()}


def datatype(dtype: np.dtype[Any]) -> str:
    """Return the protocol's name of a dtype."""
    return _NAMES[dtype.newbyteorder("<")]


def tensor_to_wire(array: Array) -> tensor_pb2.Tensor:
    """Return the message of an array of any of the known dtypes."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return tensor_pb2.Tensor(datatype=datatype(array.dtype), shape=array.shape, raw=little.tobytes())


def tensor_from_wire(tensor: tensor_pb2.Tensor, *, field: str) -> Array:
    """Return a read-only view of a message's bytes.

    InvalidInputError where the type is unknown, shape and bytes disagree, or a value is NaN or infinite.
    """
    dtype = DTYPES.get(tensor.datatype)
    if dtype is None:
        raise InvalidInputError(
            f"{field}.datatype is {tensor.datatype[:40]!r}; known are {', '.join(DTYPES)}.",
            reason="UNKNOWN_DATATYPE",
            field=f"{field}.datatype",
        )
    shape = tuple(tensor.shape)
    if (
        len(shape) > MAX_RANK
        or min(shape, default=0) < 0
        or prod(max(1, size) for size in shape) > MAX_VALUES
    ):
        raise InvalidInputError(
            f"{field}.shape is {list(shape[:12])}; allowed are {MAX_RANK} dimensions, none negative, and "
            f"{MAX_VALUES:,} values.",
            reason="INVALID_SHAPE",
            field=f"{field}.shape",
        )
    expected = prod(shape) * dtype.itemsize
    if expected != len(tensor.raw):
        raise InvalidInputError(
            f"{field}.raw has {len(tensor.raw)} bytes; {tensor.datatype} of shape {list(shape)} takes {expected}.",
            reason="SIZE_MISMATCH",
            field=f"{field}.raw",
        )
    if tensor.datatype == "BOOL":
        return np.not_equal(np.frombuffer(tensor.raw, dtype=np.uint8), 0).reshape(shape)
    array = np.frombuffer(tensor.raw, dtype=dtype).reshape(shape)
    if tensor.datatype in FLOATS and not np.isfinite(array).all():
        raise InvalidInputError(
            f"{field}.raw holds NaN or infinity; all values must be finite.",
            reason="NOT_FINITE",
            field=f"{field}.raw",
        )
    return array
