"""Tensors of the protocol: raw and typed contents, elements of BYTES, and what is refused of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inspector.errors import InvalidInputError
from inspector.inference.inference_service_pb2 import ModelInferRequest
from inspector.inference.tensors import MAX_PICTURES, values_of
from inspector.wire.tensors import array_to_bytes


def typed(
    datatype: str, field: str, values: list[Any], *, shape: list[int] | None = None
) -> ModelInferRequest:
    request = ModelInferRequest()
    tensor = request.inputs.add(name="x", datatype=datatype, shape=shape or [len(values)])
    getattr(tensor.contents, field).extend(values)
    return request


def raw(datatype: str, shape: list[int], content: bytes) -> ModelInferRequest:
    request = ModelInferRequest(raw_input_contents=[content])
    request.inputs.add(name="x", datatype=datatype, shape=shape)
    return request


@pytest.mark.parametrize(
    ("datatype", "field", "values", "dtype"),
    [
        ("BOOL", "bool_contents", [True, False], "bool"),
        ("INT8", "int_contents", [-128, 127], "int8"),
        ("INT16", "int_contents", [-32768, 32767], "int16"),
        ("INT32", "int_contents", [-(2**31), 2**31 - 1], "int32"),
        ("INT64", "int64_contents", [-(2**63), 2**63 - 1], "int64"),
        ("UINT8", "uint_contents", [0, 255], "uint8"),
        ("UINT16", "uint_contents", [0, 65535], "uint16"),
        ("UINT32", "uint_contents", [0, 2**32 - 1], "uint32"),
        ("UINT64", "uint64_contents", [0, 2**64 - 1], "uint64"),
        ("FP32", "fp32_contents", [0.5, float("nan")], "float32"),
        ("FP64", "fp64_contents", [1e300, float("inf")], "float64"),
    ],
)
def test_each_datatype_has_its_typed_contents(
    datatype: str, field: str, values: list[Any], dtype: str
) -> None:
    expected = np.array(values, dtype)
    (found,) = values_of(typed(datatype, field, values))
    assert isinstance(found, np.ndarray)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)
    (same,) = values_of(raw(datatype, [2], expected.tobytes()))
    np.testing.assert_array_equal(same, expected)
    assert array_to_bytes(expected) == (datatype, expected.tobytes())


def test_what_has_no_typed_contents_comes_raw() -> None:
    half = np.array([0.5, -2], np.float16)
    (found,) = values_of(raw("FP16", [2], half.tobytes()))
    np.testing.assert_array_equal(found, half)
    (found,) = values_of(raw("BF16", [2], np.array([0x3F80, 0xC000], np.uint16).tobytes()))
    np.testing.assert_array_equal(found, np.array([1, -2], np.float32))
    with pytest.raises(InvalidInputError, match="BF16, FP16 as raw_input_contents"):
        values_of(typed("FP16", "fp32_contents", [0.5]))


def test_elements_of_bytes_stand_behind_their_lengths() -> None:
    packed = b"\1\0\0\0a\2\0\0\0bc\0\0\0\0\1\0\0\0d"
    assert values_of(raw("BYTES", [2, 2], packed)) == [[b"a", b"bc", b"", b"d"]]
    assert values_of(typed("BYTES", "bytes_contents", [b"a", b""], shape=[2, 1])) == [[b"a", b""]]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (typed("INT8", "int_contents", [128]), "inputs[0].contents.int_contents"),
        (typed("UINT16", "uint_contents", [65536]), "inputs[0].contents.uint_contents"),
        (typed("INT8", "fp32_contents", [1.0]), "inputs[0].contents.fp32_contents"),
        (typed("FP32", "fp32_contents", [1.0], shape=[2]), "inputs[0].contents.fp32_contents"),
        (typed("FP32", "fp32_contents", [1.0], shape=[-1]), "inputs[0].shape"),
        (typed("FP32", "fp32_contents", [1.0], shape=[2**40, 2**40]), "inputs[0].shape"),
        (typed("", "fp32_contents", [1.0]), "inputs[0].datatype"),
        (typed("BYTES", "bytes_contents", [b"a"], shape=[2]), "inputs[0].contents.bytes_contents"),
        (ModelInferRequest(raw_input_contents=[b""]), "raw_input_contents"),
        (raw("FP32", [2], b"1234"), "raw_input_contents[0]"),
        (raw("BYTES", [1], b"\2\0\0\0a"), "raw_input_contents[0]"),
        (raw("BYTES", [1], b"\2\0"), "raw_input_contents[0]"),
        (raw("BYTES", [1], b"\xff\xff\xff\xff"), "raw_input_contents[0]"),
        (raw("BYTES", [2], b"\1\0\0\0a"), "raw_input_contents[0]"),
        (raw("BYTES", [1], b"\0\0\0\0" * 1_000_000), "raw_input_contents[0]"),
        (raw("BYTES", [MAX_PICTURES + 1], b""), "inputs[0].shape"),
    ],
)
def test_what_disagrees_is_refused(request_: ModelInferRequest, field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        values_of(request_)
    assert refusal.value.field == field
