"""Pictures of pictures: where thumbnails stand on the plane, and neighbors in their row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.render.scatter import pca_scatter
from inspector.render.strip import neighbor_strip

RED, GREEN, BLUE = (250, 0, 0), (0, 250, 0), (0, 0, 250)


def dot(color: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (20, 20), color)


def middle(image: Image.Image, color: tuple[int, int, int]) -> tuple[float, float]:
    rows, columns = np.nonzero((np.asarray(image) == color).all(axis=2))
    return float(columns.mean()), float(rows.mean())


def test_first_axis_goes_right_second_up_at_one_scale() -> None:
    picture = pca_scatter(
        [[0, 0], [4, 0], [0, 3]], [dot(RED), dot(GREEN), dot(BLUE)], width=600, thumbnail=20
    )
    (x, y), right, up = (middle(picture, color) for color in (RED, GREEN, BLUE))
    assert right[1] == pytest.approx(y, abs=1)
    assert up[0] == pytest.approx(x, abs=1)
    assert (right[0] - x) / (y - up[1]) == pytest.approx(4 / 3, rel=0.02)


def test_what_is_farther_from_the_origin_lies_on_top() -> None:
    for order in ((0, 1), (1, 0)):
        points, dots = [[5.0, 5.0], [5.01, 5.01]], [dot(RED), dot(GREEN)]
        far_away = [[-60.0, -60.0]]
        picture = pca_scatter(
            [points[i] for i in order] + far_away,
            [dots[i] for i in order] + [dot(BLUE)],
            width=600,
            thumbnail=20,
        )
        visible = (np.asarray(picture) == GREEN).all(axis=2).sum()
        assert visible == 400


@pytest.mark.parametrize(
    "points", [[[3.0, 3.0]], [[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [9.0, 0.0]], [[0.0, 0.0], [0.0, 9.0]]]
)
def test_single_points_and_lines_stay_within_the_picture(points: list[Any]) -> None:
    picture = pca_scatter(points, [dot(RED)] * len(points), width=400, thumbnail=20, explained=[1.0, 0.0])
    assert (np.asarray(picture) == RED).all(axis=2).sum() in {400 * n for n in range(1, len(points) + 1)}
    assert 0.4 * 400 <= picture.height <= 400


def test_neighbors_stand_in_order_after_the_framed_query() -> None:
    picture = neighbor_strip(dot(RED), [dot(GREEN), dot(BLUE)], [0.0, 0.25], cell=64)
    assert middle(picture, RED)[0] < middle(picture, GREEN)[0] < middle(picture, BLUE)[0]
    assert picture.width == 3 * 64 + 2 * 8
    assert picture.height > 64


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: pca_scatter(np.zeros((2, 3)), [dot(RED)] * 2), r"\(2, 3\) for 2 thumbnails"),
        (lambda: pca_scatter(np.zeros((2, 2)), [dot(RED)]), "for 1 thumbnails"),
        (lambda: pca_scatter([[0.0, np.nan]], [dot(RED)]), "NaN"),
        (lambda: pca_scatter([[0.0, 0.0]], [dot(RED)], width=50), "width is 50"),
        (lambda: neighbor_strip(dot(RED), [dot(RED)], []), "1 neighbors and 0 distances"),
    ],
)
def test_bad_arguments_are_refused(act: Callable[..., Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        act()
