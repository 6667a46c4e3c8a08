"""Tensors of the Open Inference Protocol: arrays, or encoded pictures, of raw or typed contents."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from types import MappingProxyType

import numpy as np

from inspector.errors import InvalidInputError, WholePath, within
from inspector.inference.inference_service_pb2 import ModelInferRequest
from inspector.types.arrays import Array
from inspector.types.dtypes import DTYPES
from inspector.wire.tensors import array_of_bytes, require_shape

PICTURES = "BYTES"
"""The datatype of encoded pictures, one in each element."""

MAX_PICTURES = 10_000
"""Elements of one tensor of pictures; how many images a request may have is the server's setting."""

_CONTENTS = MappingProxyType(
    {
        "BOOL": "bool_contents",
        "INT8": "int_contents",
        "INT16": "int_contents",
        "INT32": "int_contents",
        "INT64": "int64_contents",
        "UINT8": "uint_contents",
        "UINT16": "uint_contents",
        "UINT32": "uint_contents",
        "UINT64": "uint64_contents",
        "FP32": "fp32_contents",
        "FP64": "fp64_contents",
        PICTURES: "bytes_contents",
    }
)
"""The field that holds the values of each datatype, where they are not raw."""


def values_of(request: ModelInferRequest) -> list[Array | list[bytes]]:
    """Return the values of each input: an array, or the elements of a tensor of BYTES in row-major order.

    InvalidInputError names what does not fit: the datatype, the shape, the contents, raw or not.
    """
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise InvalidInputError(
            f"raw_input_contents has {len(raw)} entries for {len(request.inputs)} inputs; give one for each, or none.",
            reason="SIZE_MISMATCH",
            field="raw_input_contents",
        )
    found = []
    for index, tensor in enumerate(request.inputs):
        with within(f"inputs[{index}]"):
            found.append(_raw(tensor, raw[index], index=index) if raw else _typed(tensor))
    return found


def _raw(tensor: ModelInferRequest.InferInputTensor, raw: bytes, *, index: int) -> Array | list[bytes]:
    place = WholePath(f"raw_input_contents[{index}]")
    if tensor.HasField("contents"):
        raise InvalidInputError(
            f"The values of input {tensor.name[:200]!r} come twice, as contents and as raw_input_contents; give one "
            "of the two.",
            field="contents",
        )
    if tensor.datatype != PICTURES:
        return array_of_bytes(raw, datatype=tensor.datatype, shape=tensor.shape, field=place)
    count = _count(tensor)
    elements = list(_elements(raw, most=count, field=place))
    if len(elements) != count:
        raise _counted(len(elements), tensor, field=place)
    return elements


def _elements(raw: bytes, *, most: int, field: str) -> Iterator[bytes]:
    """Yield the elements of a raw tensor of BYTES: each behind its length, four bytes, little-endian."""
    at = 0
    for _ in range(most + 1):  # one more tells that there are too many
        if at == len(raw):
            return
        end = at + 4
        if end <= len(raw):
            end += int.from_bytes(raw[at : at + 4], "little")
        if end > len(raw) or end < at + 4:
            raise InvalidInputError(
                f"{field} ends within an element. Each element of BYTES stands behind its length, as four bytes, "
                "little-endian.",
                reason="SIZE_MISMATCH",
                field=field,
            )
        yield raw[at + 4 : end]
        at = end


def _typed(tensor: ModelInferRequest.InferInputTensor) -> Array | list[bytes]:
    field = _CONTENTS.get(tensor.datatype)
    if field is None:
        raise InvalidInputError(
            f"datatype is {tensor.datatype[:40]!r}; {', '.join(_CONTENTS)} can be given as contents, and "
            f"{', '.join(sorted(DTYPES.keys() - _CONTENTS.keys()))} as raw_input_contents.",
            reason="UNKNOWN_DATATYPE",
            field="datatype",
        )
    for other, _ in tensor.contents.ListFields():
        if other.name != field:
            raise InvalidInputError(
                f"contents has {other.name}; {tensor.datatype} takes {field}.", field=f"contents.{other.name}"
            )
    given = getattr(tensor.contents, field)
    count = _count(tensor)
    if len(given) != count:
        raise _counted(len(given), tensor, field=f"contents.{field}")
    if tensor.datatype == PICTURES:
        return list(given)
    kind = np.dtype(DTYPES[tensor.datatype])
    wide: Array = np.asarray(
        given, np.int64 if field == "int_contents" else np.uint32 if field == "uint_contents" else kind
    )
    values = wide.astype(kind, copy=False)
    if not np.array_equal(values, wide, equal_nan=kind.kind == "f"):
        raise InvalidInputError(
            f"contents.{field} holds values that {tensor.datatype} cannot hold.",
            reason="OUT_OF_RANGE",
            field=f"contents.{field}",
        )
    return values.reshape(tuple(tensor.shape))


def _count(tensor: ModelInferRequest.InferInputTensor) -> int:
    require_shape(tensor.shape)
    count = prod(tensor.shape)
    if tensor.datatype == PICTURES and count > MAX_PICTURES:
        raise InvalidInputError(
            f"shape is {list(tensor.shape)}; a tensor of BYTES has at most {MAX_PICTURES} elements.",
            reason="INVALID_SHAPE",
            field="shape",
        )
    return count


def _counted(given: int, tensor: ModelInferRequest.InferInputTensor, *, field: str) -> InvalidInputError:
    more = " or more" if tensor.datatype == PICTURES and given > _count(tensor) else ""
    return InvalidInputError(
        f"{field} has {given}{more} values; shape {list(tensor.shape)} takes {prod(tensor.shape)}.",
        reason="SIZE_MISMATCH",
        field=field,
    )
