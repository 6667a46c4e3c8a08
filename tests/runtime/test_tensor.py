"""Tensors on a device."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from inspector.runtime.tensor import DeviceTensor


@pytest.mark.parametrize("shape", [(), (1,), (2, 0), (3, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, ml_dtypes.bfloat16])
def test_a_placed_array_keeps_its_shape_and_values(shape: tuple[int, ...], dtype: type) -> None:
    array: np.ndarray = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    placed = DeviceTensor.place(array)
    assert placed.shape == shape
    assert placed.numpy().shape == shape
    np.testing.assert_array_equal(placed.numpy(), array)


def test_a_view_is_placed_as_it_is_seen() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    np.testing.assert_array_equal(DeviceTensor.place(array).numpy(), array)
