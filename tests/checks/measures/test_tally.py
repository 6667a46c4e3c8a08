"""What is counted of a layer's values, against counting them all at once."""

from __future__ import annotations

import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from inspector.checks.measures.bounds import Bounds
from inspector.checks.measures.tally import Tally
from inspector.types.arrays import Array

SHAPES = [(5, 3, 40, 50), (5, 40, 50, 3), (2, 7), (6,), (2, 3, 5, 4, 6), (1, 4, 200, 300)]


def values_of(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return values of which some are denormal, some zero, some large, some at a bound of 2."""
    random = np.random.default_rng(5)
    made = np.clip(random.standard_normal(shape) * 3, -9, 2)
    least = float(ml_dtypes.finfo(dtype).smallest_normal)
    for count, odd in enumerate(
        (0.0, -0.0, least / 4, -least / 2, least, -least, 65504.0, -60000.0), start=1
    ):
        made.flat[count % made.size] = odd
    return made.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("shape", SHAPES)
def test_counts_are_those_of_all_values_at_once(shape: tuple[int, ...], dtype: Any) -> None:
    values = values_of(shape, dtype)
    tally = Tally(Bounds(low=-8.0, high=2.0), dtype=np.dtype(dtype).name)
    for one in values[:1], values[1:]:
        tally.add(one)
    wide = values.astype(np.float64)
    least = float(ml_dtypes.finfo(dtype).smallest_normal)
    assert tally.count == wide.size
    assert tally.denormals == np.count_nonzero((wide != 0) & (np.abs(wide) < least))
    assert tally.beyond_float16 == np.count_nonzero(np.abs(wide) > 65504)
    assert tally.at_low == np.count_nonzero(wide <= -8)
    assert tally.at_high == np.count_nonzero(wide >= 2)
    assert (tally.nans, tally.infinities) == (0, 0)
    assert (tally.highest, tally.lowest) == (wide.max(), wide.min())


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_what_is_not_finite_is_counted(dtype: Any) -> None:
    values = np.ones((2, 3, 4, 4), dtype)
    values[0, 1, 0, :3] = np.nan
    values[1, 2, 1, :2] = np.inf
    values[1, 2, 2, 0] = -np.inf
    values[1, 0, 2, 0] = 7
    tally = Tally(Bounds(), dtype=np.dtype(dtype).name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tally.add(values)
    assert (tally.nans, tally.infinities, tally.beyond_float16) == (3, 3, 0)
    assert tally.has_positive_infinity
    assert (tally.highest, tally.lowest) == (7, 1)


def test_values_beyond_float16_are_counted() -> None:
    tally = Tally(Bounds(), dtype="float32")
    tally.add(np.array([[65504, 65505, -1e6, np.inf, 3]], np.float32))
    assert tally.beyond_float16 == 2


def test_images_of_other_shapes_are_counted_too() -> None:
    tally = Tally(Bounds(), dtype="float32")
    for values in np.zeros((1, 3, 2, 2)), np.ones((1, 5, 2, 2)), np.zeros((1, 0, 2, 2)):
        tally.add(values.astype(np.float32))
    assert (tally.count, tally.highest) == (32, 1)
