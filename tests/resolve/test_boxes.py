"""Boxes: from what detectors write to corners, and one of those that say the same."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.model.heads.head import Boxes, Columns, Scale
from inspector.resolve.boxes.decoding import corners_of
from inspector.resolve.boxes.detections import Detections
from inspector.resolve.boxes.suppression import surest

SIZE = (64, 96)
"""The input's height and width."""


def corners(
    values: np.ndarray, *, coding: str, units: str | None = None, stride: int | None = None
) -> np.ndarray:
    scale = Scale(
        classes=None,
        coordinates=Columns(output="y", axis=-1, stop=values.shape[1]),
        stride=stride,
    )
    found = corners_of(scale, Boxes(scales=(scale,), coding=coding, units=units), {"y": values}, SIZE)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("coding", "units", "written"),
    [
        ("corners", "pixels", [12, 8, 36, 24]),
        ("corners", "fractions", [12 / 96, 8 / 64, 36 / 96, 24 / 64]),
        ("corners_yx", "fractions", [8 / 64, 12 / 96, 24 / 64, 36 / 96]),
        ("center", "pixels", [24, 16, 24, 16]),
        ("center", "fractions", [24 / 96, 16 / 64, 24 / 96, 16 / 64]),
        ("center", None, [24 / 96, 16 / 64, 24 / 96, 16 / 64]),
    ],
)
def test_coordinates_of_the_whole_image(coding: str, units: str | None, written: list[float]) -> None:
    found = corners(np.asarray([written], np.float32), coding=coding, units=units)
    np.testing.assert_allclose(found, [[12, 8, 36, 24]], rtol=1e-5)


PLACE = 2 * 12 + 3
"""Row 2 and column 3 of a grid of 8 × 12 places, a stride of 8: pixel 24, 16."""


@pytest.mark.parametrize(
    ("coding", "written", "expected"),
    [
        ("grid", [0.5, 0.25, np.log(2), np.log(3)], [20, 6, 36, 30]),
        ("yunet", [0.5, 0.25, np.log(2), np.log(3)], [20, 6, 36, 30]),
        ("distances", [1, 2, 0.5, 0.25], [16, 0, 28, 18]),
        ("anchor_centers", [2, -4, 16, 8], [22, 12, 38, 20]),
        ("fastestdet", [0, 0, 0, 0], [0, 0, 48, 32]),
    ],
)
def test_coordinates_of_a_grid(coding: str, written: list[float], expected: list[float]) -> None:
    values = np.zeros((96, 4), np.float32)
    values[PLACE] = written
    found = corners(values, coding=coding, stride=8)[PLACE]
    if coding == "fastestdet":
        expected = [24 - 24, 16 - 16, 24 + 24, 16 + 16]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_distances_as_expectations_over_bins() -> None:
    values = np.full((96, 4 * 8), -50, np.float32)
    for side, distance in enumerate((1, 2, 3, 4)):
        values[PLACE, side * 8 + distance] = 50
    np.testing.assert_allclose(corners(values, coding="bins", stride=8)[PLACE], [16, 0, 48, 48], rtol=1e-5)


def test_several_scales_are_one_list_and_each_box_knows_its_place() -> None:
    fine = Scale(classes=Columns(output="a", axis=-2, start=1, activation="sigmoid"))
    coarse = Scale(classes=Columns(output="b", axis=-3, start=1, activation="sigmoid"))
    found = {
        "a": np.arange(15, dtype=np.float32).reshape(3, 5) / 100,
        "b": np.arange(18, dtype=np.float32).reshape(3, 2, 3) / 10,
    }
    seen = Detections(Boxes(scales=(fine, coarse)), found, SIZE)
    assert seen.count == 5 + 6
    assert seen.place_of(4) == ("a", (4,))
    assert seen.place_of(9) == ("b", (1, 1))
    assert seen.element(9, 1) == ("b", 2 * 6 + 4)
    assert seen.confidences[1, 9] == np.float32(1.6) == np.float32(seen.confidence_at(1, 9))
    assert seen.boxes_of("b").tolist() == [5, 6, 7, 8, 9, 10]


def test_of_boxes_that_overlap_the_surest_stays_and_other_classes_are_left_alone() -> None:
    places = np.asarray([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [20, 0, 30, 10]], np.float32)
    sure, classes = np.asarray([0.6, 0.9, 0.5, 0.4]), np.asarray([0, 0, 1, 0])
    assert surest(places, sure, classes, overlap=0.5, most=9) == [1, 2, 3]
    assert surest(places, sure, classes, overlap=0.5, most=2) == [1, 2]
    assert surest(None, sure, classes, overlap=0.5, most=9) == [1, 0, 2, 3]
