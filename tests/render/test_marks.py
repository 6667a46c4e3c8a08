"""What no color can stand for is painted over, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inspector.render.layers import feature_maps
from inspector.render.maps import attribution_image
from inspector.render.marks import MARK, marked_map, marked_tiles
from inspector.types.options import PICTURES


def draw(picture: str) -> Callable[..., Any]:
    return lambda values: attribution_image(values, picture=picture, layout="NCHW")


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_only_what_is_not_finite_is_marked(picture: str, bad: float) -> None:
    values = np.random.default_rng(0).standard_normal((3, 6, 7)).astype(np.float32)
    values[1, 2, 3] = bad
    values[:, 5, 0] = bad

    is_marked = (np.asarray(marked_map(values, draw(picture), layout="NCHW")) == MARK).all(axis=-1)

    assert set(zip(*np.nonzero(is_marked), strict=True)) == {(2, 3), (5, 0)}


@pytest.mark.parametrize("picture", PICTURES)
def test_what_is_finite_is_drawn_as_ever(picture: str) -> None:
    values = np.random.default_rng(0).standard_normal((3, 6, 7)).astype(np.float32)

    np.testing.assert_array_equal(
        np.asarray(marked_map(values, draw(picture), layout="NCHW")), np.asarray(draw(picture)(values))
    )


def test_cells_of_tiles_are_marked() -> None:
    values = np.random.default_rng(0).uniform(0, 1, (4, 5, 5)).astype(np.float32)
    values[2, 1, 1] = np.nan

    picture = np.asarray(marked_tiles(values, lambda array: feature_maps(array).image))

    is_marked = (picture == MARK).all(axis=-1)
    cell = np.argwhere(is_marked).max(axis=0) - np.argwhere(is_marked).min(axis=0) + 1
    assert is_marked.sum() == cell.prod() > 1
    assert is_marked.mean() < 1 / 50


@pytest.mark.parametrize("picture", PICTURES)
def test_a_map_without_a_finite_value_is_all_marks(picture: str) -> None:
    drawn = np.asarray(marked_map(np.full((3, 4, 4), np.nan), draw(picture), layout="NCHW"))

    assert (drawn == MARK).all()
