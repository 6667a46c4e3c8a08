"""Line charts: round ticks, curves where their values are, gaps where values are not finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL.Image import Image

from inspector.errors import InvalidInputError
from inspector.render.chart import line_chart, tick_labels, ticks
from inspector.render.colormaps import CATEGORIES

X = np.linspace(0, 10, 41)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0, 10), (0, 2, 4, 6, 8, 10)),
        ((0.3, 0.9), (0.2, 0.4, 0.6, 0.8, 1.0)),
        ((-170, 170), (-200, -100, 0, 100, 200)),
        ((1e-5, 4e-5), (1e-5, 2e-5, 3e-5, 4e-5)),
        ((2e9, 2.1e9), (2e9, 2.02e9, 2.04e9, 2.06e9, 2.08e9, 2.1e9)),
    ],
)
def test_ticks_are_round_and_hold_the_range(ends: tuple[float, float], expected: tuple[float, ...]) -> None:
    assert ticks(ends, most=6) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ((0, 2, 4), ["0", "2", "4"]),
        ((-0.2, 0.0, 0.2), ["-0.2", "0.0", "0.2"]),
        ((0.0, 0.05, 0.1), ["0.00", "0.05", "0.10"]),
        ((1000.0, 2000.0), ["1,000", "2,000"]),
        ((1e-5, 2e-5), ["1e-05", "2e-05"]),
    ],
)
def test_labels_tell_ticks_apart(places: tuple[float, ...], words: list[str]) -> None:
    assert tick_labels(places) == words


def columns_of(picture: Image, color: tuple[int, int, int]) -> np.ndarray:
    """Return the columns in which a curve's color stands, its legend below left aside."""
    pixels = np.asarray(picture.convert("RGB"), np.int64)[:380]
    return np.flatnonzero((np.abs(pixels - color).sum(axis=2) < 30).any(axis=0))


def rows_of(picture: Image, color: tuple[int, int, int]) -> np.ndarray:
    pixels = np.asarray(picture.convert("RGB"), np.int64)[:380]
    return np.flatnonzero((np.abs(pixels - color).sum(axis=2) < 30).any(axis=1))


def test_curves_are_where_their_values_are() -> None:
    low, high = np.full(41, 1.0), np.full(41, 9.0)
    picture = line_chart(X, {"low": low, "high": high})
    assert rows_of(picture, CATEGORIES[0]).min() > rows_of(picture, CATEGORIES[1]).max() + 200


def test_a_gap_where_a_value_is_not_finite() -> None:
    whole, broken = X * 1.0, X * 1.0
    broken = np.where((X > 4) & (X < 6), np.nan, broken)
    gaps = [
        np.diff(columns_of(line_chart(X, {"a": curve}), CATEGORIES[0])).max() for curve in (whole, broken)
    ]
    assert gaps[0] == 1
    assert gaps[1] > 80


@pytest.mark.parametrize(
    "values",
    [np.full(41, 3.0), np.zeros(41), np.full(41, np.nan), np.full(41, 1e-30), np.linspace(0, 1e30, 41)],
    ids=["constant", "zero", "nothing finite", "tiny", "huge"],
)
def test_any_range_is_drawn(values: np.ndarray) -> None:
    picture = line_chart(X, {"a": values}, title="t", x_label="x", y_label="y")
    assert picture.width == 720
    assert picture.height > 420


def test_many_curves_differ_and_are_all_named() -> None:
    few = line_chart(X, {f"layer {index}": X + index for index in range(2)})
    many = line_chart(X, {f"layer {index}": X + index for index in range(14)})
    assert many.height > few.height  # more lines of names
    assert line_chart(X[:1], {"a": X[:1]}).height == few.height


@pytest.mark.parametrize("curves", [{}, {"a": X[:-1]}], ids=["none", "too short"])
def test_what_is_no_curve(curves: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="one value per place"):
        line_chart(X, curves)
