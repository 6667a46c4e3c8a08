"""Tiles of feature maps and filters: order, range, number, size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.render.grid import fit, tile
from inspector.render.layers import feature_maps, filters


def tile_means(image: Image.Image, columns: int) -> list[float]:
    """The mean gray of each square tile, by its place."""
    gray = np.asarray(image.convert("L"), dtype=float)
    pitch = (gray.shape[1] + 8) / columns
    rows = round((gray.shape[0] + 8) / pitch)
    return [
        float(
            gray[
                int(r * pitch) + 2 : int((r + 0.8) * pitch), int(c * pitch) + 2 : int((c + 0.8) * pitch)
            ].mean()
        )
        for r in range(rows)
        for c in range(columns)
    ]


def test_a_layer_of_128_maps_of_13_by_13() -> None:
    tiles = feature_maps(np.random.default_rng(0).random((128, 13, 13)))
    assert (tiles.shown, tiles.total, tiles.caption) == (128, 128, "128 channels")
    assert 900 < tiles.image.width <= 1280
    assert tiles.image.height <= tiles.image.width


def test_more_maps_than_the_limit_are_counted_in_the_caption() -> None:
    tiles = feature_maps(np.ones((1200, 2, 2)))
    assert (tiles.shown, tiles.total) == (1000, 1200)
    assert tiles.caption == "the first 1000 of 1200 channels"


def test_each_map_over_its_own_range_or_all_over_one() -> None:
    maps = np.zeros((4, 8, 8))
    maps[0, :4], maps[1, :4], maps[2] = 1.0, 100.0, 0.0
    each, shared = (tile_means(feature_maps(maps, scaling=s).image, 2) for s in ("each", "shared"))
    assert each[0] == pytest.approx(each[1], abs=1)
    assert shared[0] < 5 < 100 < shared[1]
    assert each[2] == each[3] == shared[2] == 0.0  # a map of zeros is black


def test_layouts_draw_the_same_tiles() -> None:
    maps = np.random.default_rng(1).standard_normal((5, 4, 6))
    first, last = feature_maps(maps), feature_maps(maps.transpose(1, 2, 0), layout="NHWC")
    assert np.array_equal(np.asarray(first.image), np.asarray(last.image))


def test_units_of_a_dense_layer_share_one_range_in_order() -> None:
    tiles = feature_maps(np.array([0.0, 0.25, 0.5, 1.0]))
    assert tile_means(tiles.image, 2) == pytest.approx([0, 64, 128, 255], abs=1)


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (3, 1, 1), (2, 1, 5000), (3, 5000, 1), (2, 700, 700), (1000, 40, 40)]
)
def test_pictures_stay_within_bounds_whatever_the_shape(shape: tuple[int, int, int]) -> None:
    image = feature_maps(np.random.default_rng(2).standard_normal(shape)).image
    assert 1 <= image.width <= 2100
    assert 1 <= image.height <= 2100


def test_filters_are_drawn_in_colors_around_mid_gray() -> None:
    weights = np.zeros((2, 3, 2, 2))
    weights[0, 0] = 0.5
    weights[1, 2] = -0.1
    picture = np.asarray(filters(weights).image)
    assert picture[0, 0].tolist() == [255, 128, 128]
    assert picture[0, -1].tolist() == [128, 128, 0]
    swapped = np.asarray(filters(weights, color="BGR").image)
    assert swapped[0, 0].tolist() == [128, 128, 255]
    shared = np.asarray(filters(weights, scaling="shared").image)
    assert shared[0, -1].tolist() == [128, 128, 102]


def test_filters_over_one_channel_are_gray_and_dead_ones_mid_gray() -> None:
    picture = np.asarray(filters(np.zeros((1, 1, 3, 3))).image)
    assert (picture == 128).all()


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: filters(np.zeros((8, 64, 3, 3))), "64 channels have no colors"),
        (lambda: filters(np.zeros((8, 3, 3))), "4 axes"),
        (lambda: feature_maps(np.full((2, 3, 3), np.nan)), "18 of 18"),
        (lambda: feature_maps(np.ones((1, 2, 3, 3))), "1 or 3 axes"),
        (lambda: feature_maps(np.ones((2, 3, 3)), scaling="log"), "one of each, shared"),
        (lambda: feature_maps(np.ones((2, 3, 3)), limit=0), "limit is 0"),
        (lambda: feature_maps(np.ones((2, 3, 3)), side=0), "side is 0"),
        (lambda: tile([]), "at least one"),
        (lambda: tile([Image.new("L", (1, 1))], columns=-1), "columns is -1"),
    ],
)
def test_bad_arguments_are_refused(act: Callable[..., Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        act()


def test_tiles_stand_in_rows_from_left_to_right() -> None:
    shades = [Image.new("RGB", (2, 2), (n, n, n)) for n in (10, 20, 30)]
    picture = np.asarray(tile(shades, columns=2, gap=1))
    assert picture.shape == (5, 5, 3)
    assert [picture[0, 0, 0], picture[0, 3, 0], picture[3, 0, 0], picture[3, 3, 0]] == [10, 20, 30, 255]


def test_fitting_keeps_proportions_and_enlarges_by_whole_factors() -> None:
    image = Image.fromarray(np.array([[0, 255, 7]], dtype=np.uint8))
    assert fit(image, (10, 10)).size == (9, 3)
    assert set(np.unique(np.asarray(fit(image, (10, 10))))) == {0, 7, 255}
    assert fit(Image.new("L", (400, 100)), (40, 40)).size == (40, 10)
    assert fit(Image.new("L", (400, 1)), (40, 40)).size == (40, 1)
