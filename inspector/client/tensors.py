"""Tensors: NumPy arrays to the wire and back."""

from __future__ import annotations

import numpy as np

from inspector.errors import EngineError, InvalidInputError
from inspector.types.arrays import Array
from inspector.v1 import tensor_pb2

_PREFIXES = {"f": "FP", "i": "INT", "u": "UINT"}
_DTYPES = {
    f"{prefix}{8 * size}": np.dtype(f"<{kind}{size}")
    for kind, prefix in _PREFIXES.items()
    for size in (1, 2, 4, 8)
    if (kind, size) != ("f", 1)
} | {"BOOL": np.dtype(np.bool_)}
"""The Open Inference Protocol's names; BF16, which NumPy lacks, is widened to float32."""

_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


def tensor_to_wire(array: Array) -> tensor_pb2.Tensor:
    """Return the message of an array of numbers."""
    dtype = array.dtype.newbyteorder("<")
    if dtype not in _NAMES:
        raise InvalidInputError(
            f"An array of dtype {array.dtype} cannot be sent; allowed are {', '.join(map(str, _NAMES))}."
        )
    raw = np.ascontiguousarray(array, dtype=dtype).tobytes()
    return tensor_pb2.Tensor(datatype=_NAMES[dtype], shape=array.shape, raw=raw)


def tensor_from_wire(tensor: tensor_pb2.Tensor) -> Array:
    """Return the array of a message; it is the caller's own and may be written."""
    if tensor.datatype == "BF16":
        halves = np.frombuffer(tensor.raw, dtype="<u2").astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(tuple(tensor.shape))
    if tensor.datatype not in _DTYPES:
        raise EngineError(
            f"The server sent a tensor of type {tensor.datatype!r}; this client is older than it."
        )
    return np.frombuffer(tensor.raw, dtype=_DTYPES[tensor.datatype]).reshape(tuple(tensor.shape)).copy()
