"""Ranges: what is in comes out where it should, constants and extremes included; NaN never does."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.errors import InvalidInputError
from inspector.render.normalize import finite, magnitude_bound, to_bytes, to_heat, to_signed, to_unit


def test_unit_range_takes_the_ends_and_clips() -> None:
    assert to_unit(np.array([-2.0, 0.0, 2.0])).tolist() == [0.0, 0.5, 1.0]
    assert to_unit(np.array([-2.0, 1.0, 9.0]), low=0.0, high=2.0).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("constant", [0.0, -3.0, 7.5, 1e308])
def test_a_constant_is_mid_gray(constant: float) -> None:
    assert to_unit(np.full((2, 3), constant)).tolist() == [[0.5] * 3] * 2


def test_signed_range_keeps_zero_and_the_sign() -> None:
    assert to_signed(np.array([-4.0, 0.0, 2.0])).tolist() == [-1.0, 0.0, 0.5]
    assert to_signed(np.zeros((2, 2))).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_the_extremes_of_float64_do_not_overflow() -> None:
    ends = np.array([-1.7e308, 0.0, 1.7e308])
    assert to_unit(ends).tolist() == [0.0, 0.5, 1.0]
    assert to_signed(ends).tolist() == [-1.0, 0.0, 1.0]
    assert to_signed(np.array([5e-324, 1e308]), bound=5e-324).tolist() == [1.0, 1.0]


def test_the_percentile_is_over_what_is_not_zero() -> None:
    sparse = np.zeros(10_000)
    sparse[:100] = np.arange(1, 101)
    assert magnitude_bound(sparse, percentile=50.0) == 50.5
    assert magnitude_bound(-sparse, percentile=100.0) == 100.0
    assert magnitude_bound(np.zeros(5), percentile=99.0) == 0.0


@pytest.mark.parametrize("percentile", [0.0, -1.0, 100.1])
def test_percentiles_out_of_range_are_refused(percentile: float) -> None:
    with pytest.raises(InvalidInputError, match="above 0 and at most 100"):
        magnitude_bound(np.ones(3), percentile=percentile)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_is_refused_with_its_count(bad: float) -> None:
    with pytest.raises(InvalidInputError, match="map has 2 of 4 values that are NaN or infinite") as caught:
        finite([1.0, bad, bad, 2.0], field="map")
    assert caught.value.reason == "NOT_FINITE"
    assert caught.value.field == "map"


@pytest.mark.parametrize("wrong", [np.empty((0, 3)), np.ones(4), np.array([["a"]]), np.array([[1j]])])
def test_wrong_shapes_and_types_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(InvalidInputError):
        finite(wrong, field="map", ndim=2)


def test_half_precision_is_widened() -> None:
    assert finite(np.array([65504.0], dtype=np.float16), field="map").tolist() == [65504.0]


def test_bytes_are_rounded() -> None:
    assert to_bytes(np.array([0.0, 0.5, 0.999, 1.0])).tolist() == [0, 128, 255, 255]


@pytest.mark.parametrize("still", [np.zeros((2, 3)), np.full((2, 3), 7.0), np.array([[0.57, 0.57001]])])
def test_heat_that_hardly_moves_is_none(still: np.ndarray) -> None:
    assert not to_heat(still).any()


def test_heat_that_moves_takes_its_own_range() -> None:
    assert to_heat(np.array([0.25, 0.5, 0.75])).tolist() == [0.0, 0.5, 1.0]
    assert to_heat(np.array([1e-9, 2e-9])).tolist() == [0.0, 1.0]
