"""Tensors on the wire: every type there and back, and nothing believed that came over it."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from inspector.client import tensors as client_tensors
from inspector.errors import InvalidInputError
from inspector.service.convert.tensors import DTYPES, tensor_from_wire, tensor_to_wire
from inspector.v1.tensor_pb2 import Tensor


@pytest.mark.parametrize("name", DTYPES)
def test_every_datatype_survives_the_way_and_back(name):
    array = np.arange(6).reshape(2, 3).astype(DTYPES[name])
    message = tensor_to_wire(array)
    assert message.datatype == name
    found = tensor_from_wire(message, field="x")
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


@pytest.mark.parametrize("name", DTYPES)
def test_the_client_reads_every_datatype(name):
    array = np.arange(6).reshape(2, 3).astype(DTYPES[name])
    found = client_tensors.tensor_from_wire(tensor_to_wire(array))
    assert np.array_equal(found, array.astype(np.float32) if name == "BF16" else array)
    assert found.flags.writeable


@pytest.mark.parametrize("name", [name for name in DTYPES if name != "BF16"])
def test_the_server_reads_what_the_client_sends(name):
    array = np.arange(6).reshape(2, 3).astype(DTYPES[name])
    assert np.array_equal(tensor_from_wire(client_tensors.tensor_to_wire(array), field="x"), array)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=">f4").reshape(3, 4),
        np.arange(12, dtype="<f4").reshape(3, 4).T,
        np.float32(3.5).reshape(()),
        np.zeros((0, 3), np.float32),
    ],
    ids=["big endian", "not contiguous", "scalar", "empty"],
)
def test_layout_in_memory_does_not_matter(array):
    for to_wire in (tensor_to_wire, client_tensors.tensor_to_wire):
        found = tensor_from_wire(to_wire(array), field="x")
        assert found.shape == array.shape
        assert np.array_equal(found, array)


@pytest.mark.parametrize(
    ("message", "reason", "field"),
    [
        (Tensor(datatype="FP8", shape=[1], raw=b"0"), "UNKNOWN_DATATYPE", "x.datatype"),
        (Tensor(datatype="", shape=[1], raw=b"0"), "UNKNOWN_DATATYPE", "x.datatype"),
        (Tensor(datatype="FP32", shape=[2, 2], raw=b"0" * 15), "SIZE_MISMATCH", "x.raw"),
        (Tensor(datatype="FP32", shape=[2, 2], raw=b"0" * 17), "SIZE_MISMATCH", "x.raw"),
        (Tensor(datatype="FP32", shape=[2**20, 2**20], raw=b""), "SIZE_MISMATCH", "x.raw"),
        (Tensor(datatype="FP32", shape=[2**62, 4], raw=b""), "INVALID_SHAPE", "x.shape"),
        (Tensor(datatype="UINT8", shape=[2**32, 2**32], raw=b""), "INVALID_SHAPE", "x.shape"),
        (Tensor(datatype="FP32", shape=[-1, 4], raw=b""), "INVALID_SHAPE", "x.shape"),
        (Tensor(datatype="FP32", shape=[-2, -2], raw=b"0" * 16), "INVALID_SHAPE", "x.shape"),
        (Tensor(datatype="FP32", shape=[1] * 9, raw=b"0" * 4), "INVALID_SHAPE", "x.shape"),
        (Tensor(datatype="FP32", shape=[0, 2**63 - 1, 2**63 - 1], raw=b""), "INVALID_SHAPE", "x.shape"),
    ],
)
def test_what_cannot_be_is_refused(message, reason, field):
    with pytest.raises(InvalidInputError) as caught:
        tensor_from_wire(message, field="x")
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16])
def test_what_is_not_finite_is_refused(value, dtype):
    array = np.array([1, value], dtype=dtype)
    with pytest.raises(InvalidInputError) as caught:
        tensor_from_wire(tensor_to_wire(array), field="x")
    assert caught.value.reason == "NOT_FINITE"
