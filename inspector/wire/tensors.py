"""Tensors: NumPy arrays to messages and back, with nothing believed that came over the wire."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import prod

import numpy as np

from inspector.errors import InvalidInputError, in_brief
from inspector.types.arrays import Array
from inspector.types.dtypes import DATATYPES
from inspector.types.given import as_array
from inspector.v1 import tensor_pb2
from inspector.wire.written import Written, of_field

MAX_RANK = 8
MAX_VALUES = 2**40
"""More than any message holds; what is larger would overflow where sizes are multiplied."""

_DATATYPES = {dtype: datatype for dtype, datatype in DATATYPES.items() if dtype != "str"}
_DTYPES = {datatype: dtype for dtype, datatype in _DATATYPES.items()}
"""Of tensors: those of numbers and booleans."""
_BFLOAT16 = "BF16"
_PLAIN = {
    np.dtype(dtype): datatype
    for dtype, datatype in _DATATYPES.items()
    if dtype != "bfloat16" and sys.byteorder == "little"
}
"""Datatypes of arrays whose bytes are in the order of the wire."""
_RAW = tensor_pb2.Tensor.DESCRIPTOR.fields_by_name["raw"].number


def tensor_to_message(array: Array) -> tensor_pb2.Tensor:
    """Return the message of an array of numbers or booleans; InvalidInputError for other dtypes."""
    message = tensor_pb2.Tensor()
    write_tensor(array, message)
    return message


def write_tensor(array: Array, place: tensor_pb2.Tensor) -> None:
    """Write an array of numbers or booleans into an empty message; InvalidInputError for other dtypes."""
    found = _as_sent(array)
    place.datatype, place.raw = array_to_bytes(found)
    place.shape.extend(found.shape)


def _as_sent(array: Array) -> Array:
    found = as_array(array)
    if found is None:
        raise InvalidInputError(
            f"What is to be sent is {in_brief(array, long='a {}')}; give an array of numbers or booleans.",
            reason="UNKNOWN_DATATYPE",
        )
    return found


def array_to_bytes(array: Array) -> tuple[str, bytes]:
    """Return the datatype and the little-endian bytes of an array of numbers or booleans."""
    datatype, little = _little(array)
    return datatype, little.tobytes()


def written_tensor(array: Array) -> Written:
    """Return what `tensor_to_message` does, as it is sent: of an array that lies in one piece, with nothing copied."""
    datatype, little = _little(_as_sent(array))
    head = tensor_pb2.Tensor(datatype=datatype, shape=little.shape).SerializeToString()
    return of_field(_RAW, np.ascontiguousarray(little).reshape(-1).view(np.uint8), before=head)


def _little(array: Array) -> tuple[str, Array]:
    """Return the datatype of an array of numbers or booleans, and the array with the bytes in the order of the wire."""
    known = _PLAIN.get(array.dtype)
    if known is not None:
        return known, array
    name = array.dtype.name
    if name not in _DATATYPES:
        raise InvalidInputError(
            f"An array of dtype {name} cannot be sent; allowed are {', '.join(_DATATYPES)}.",
            reason="UNKNOWN_DATATYPE",
        )
    little = array if name == "bfloat16" else array.astype(array.dtype.newbyteorder("<"), copy=False)
    return _DATATYPES[name], little


def tensor_of_message(tensor: tensor_pb2.Tensor) -> Array:
    """Return a read-only view of a message's bytes; BF16, which NumPy lacks, is widened to float32.

    InvalidInputError where the type is unknown, or shape and bytes disagree.
    """
    return array_of_bytes(tensor.raw, datatype=tensor.datatype, shape=tensor.shape)


def array_of_bytes(raw: bytes, *, datatype: str, shape: Sequence[int], field: str = "raw") -> Array:
    """Return what `tensor_of_message` does; `field` names the bytes in errors."""
    if datatype not in _DTYPES:
        raise InvalidInputError(
            f"datatype is {datatype[:40]!r}; known are {', '.join(_DTYPES)}.",
            reason="UNKNOWN_DATATYPE",
            field="datatype",
        )
    require_shape(shape)
    shape = tuple(shape)
    name = "uint16" if datatype == _BFLOAT16 else _DTYPES[datatype]
    kind = np.dtype(name).newbyteorder("<")
    expected = prod(shape) * kind.itemsize
    if expected != len(raw):
        raise InvalidInputError(
            f"{field} has {len(raw)} bytes; {datatype} of shape {list(shape)} takes {expected}.",
            reason="SIZE_MISMATCH",
            field=field,
        )
    if datatype == "BOOL":
        return np.not_equal(np.frombuffer(raw, np.uint8), 0).reshape(shape)
    array: Array = np.frombuffer(raw, kind).reshape(shape)
    if datatype == _BFLOAT16:
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def finite_tensor_of_message(tensor: tensor_pb2.Tensor) -> Array:
    """Return the array of a message in a request, where NaN and infinity are an InvalidInputError."""
    array = tensor_of_message(tensor)
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        raise InvalidInputError(
            "raw holds NaN or infinity; all values must be finite.", reason="NOT_FINITE", field="raw"
        )
    return array


def require_shape(shape: Sequence[int]) -> None:
    """Raise InvalidInputError for a shape of too many axes or values, or with a negative size."""
    too_large = prod(max(1, size) for size in shape[:MAX_RANK]) > MAX_VALUES
    if len(shape) > MAX_RANK or min(shape[:MAX_RANK], default=0) < 0 or too_large:
        raise InvalidInputError(
            f"shape is {list(shape[:12])}; allowed are {MAX_RANK} dimensions, none negative, and {MAX_VALUES:,} "
            "values.",
            reason="INVALID_SHAPE",
            field="shape",
        )
