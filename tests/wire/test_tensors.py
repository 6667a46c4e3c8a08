"""Tensors on the wire: every type there and back, and nothing believed that came over it."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from inspector.errors import InvalidInputError
from inspector.types.dtypes import DATATYPES
from inspector.v1.tensor_pb2 import Tensor
from inspector.wire.tensors import finite_tensor_of_message, tensor_of_message, tensor_to_message

DTYPES = {
    datatype: ml_dtypes.bfloat16 if name == "bfloat16" else np.dtype(name)
    for name, datatype in DATATYPES.items()
    if name != "str"
}


@pytest.mark.parametrize("name", DTYPES)
def test_every_datatype_survives_the_way_and_back(name: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(DTYPES[name])
    message = tensor_to_message(array)
    assert message.datatype == name
    found = tensor_of_message(Tensor.FromString(message.SerializeToString()))
    assert found.dtype == (np.float32 if name == "BF16" else array.dtype)
    assert np.array_equal(found, array.astype(found.dtype))


@pytest.mark.parametrize("name", ["complex64", "str", "datetime64[s]", "object", "float8_e4m3fn"])
def test_what_no_message_holds_is_refused_before_it_is_sent(name: str) -> None:
    kind = ml_dtypes.float8_e4m3fn if name.startswith("float8") else name
    with pytest.raises(InvalidInputError) as caught:
        tensor_to_message(np.zeros(2).astype(kind))
    assert caught.value.reason == "UNKNOWN_DATATYPE"


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=">f4").reshape(3, 4),
        np.arange(12, dtype="<f4").reshape(3, 4).T,
        np.asarray(3.5, np.float32),
        np.zeros((0, 3), np.float32),
    ],
    ids=["big endian", "not contiguous", "scalar", "empty"],
)
def test_layout_in_memory_does_not_matter(array: np.ndarray) -> None:
    found = tensor_of_message(tensor_to_message(array))
    assert found.shape == array.shape
    assert np.array_equal(found, array)


@pytest.mark.parametrize(
    ("message", "reason", "field"),
    [
        (Tensor(datatype="FP8", shape=[1], raw=b"0"), "UNKNOWN_DATATYPE", "datatype"),
        (Tensor(datatype="", shape=[1], raw=b"0"), "UNKNOWN_DATATYPE", "datatype"),
        (Tensor(datatype="FP32", shape=[2, 2], raw=b"0" * 15), "SIZE_MISMATCH", "raw"),
        (Tensor(datatype="FP32", shape=[2, 2], raw=b"0" * 17), "SIZE_MISMATCH", "raw"),
        (Tensor(datatype="FP32", shape=[2**20, 2**20], raw=b""), "SIZE_MISMATCH", "raw"),
        (Tensor(datatype="FP32", shape=[2**62, 4], raw=b""), "INVALID_SHAPE", "shape"),
        (Tensor(datatype="UINT8", shape=[2**32, 2**32], raw=b""), "INVALID_SHAPE", "shape"),
        (Tensor(datatype="FP32", shape=[-1, 4], raw=b""), "INVALID_SHAPE", "shape"),
        (Tensor(datatype="FP32", shape=[-2, -2], raw=b"0" * 16), "INVALID_SHAPE", "shape"),
        (Tensor(datatype="FP32", shape=[1] * 9, raw=b"0" * 4), "INVALID_SHAPE", "shape"),
        (Tensor(datatype="FP32", shape=[1] * 1_000_000, raw=b"0" * 4), "INVALID_SHAPE", "shape"),
        (Tensor(datatype="BYTES", shape=[1], raw=b"0"), "UNKNOWN_DATATYPE", "datatype"),
        (Tensor(datatype="float32", shape=[1], raw=b"0000"), "UNKNOWN_DATATYPE", "datatype"),
        (Tensor(datatype="FP32", raw=b""), "SIZE_MISMATCH", "raw"),
        (Tensor(datatype="FP32", shape=[0], raw=b"0"), "SIZE_MISMATCH", "raw"),
        (Tensor(datatype="FP32", shape=[0, 2**63 - 1, 2**63 - 1], raw=b""), "INVALID_SHAPE", "shape"),
    ],
)
def test_what_cannot_be_is_refused(message: Tensor, reason: str, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        tensor_of_message(message)
    assert (caught.value.reason, caught.value.field) == (reason, field)
    assert len(caught.value.message) < 600


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16])
def test_what_is_not_finite_is_refused(value: float, dtype: type[np.generic]) -> None:
    array = np.array([1, value], dtype=dtype)
    with pytest.raises(InvalidInputError) as caught:
        finite_tensor_of_message(tensor_to_message(array))
    assert (caught.value.reason, caught.value.field) == ("NOT_FINITE", "raw")
    assert np.isfinite(tensor_of_message(tensor_to_message(array)).astype(np.float32)).tolist() == [
        True,
        False,
    ]
