"""The figure of an occlusion sweep: each pixel shows the position of the nearest square."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL.Image import Image

from inspector.errors import InvalidInputError
from inspector.render.colormaps import CATEGORIES, OTHER_CATEGORY
from inspector.render.occlusion import OcclusionFigure, occlusion_figure

PHOTO = np.full((400, 400, 3), 128, dtype=np.uint8)
STARTS = np.array([0, 100, 200, 300])


def figure(**change: Any) -> OcclusionFigure:
    arguments: dict[str, Any] = {
        "image": PHOTO,
        "probability": np.linspace(0, 1, 16).reshape(4, 4),
        "label": np.zeros((4, 4), dtype=np.int64),
        "activation": np.ones((4, 4)),
        "tops": STARTS,
        "lefts": STARTS,
        "size": (100, 100),
    } | change
    return occlusion_figure(**arguments)


def cell(image: Image, row: int, column: int) -> np.ndarray:
    return np.asarray(image.convert("RGB"), dtype=int)[row * 100 + 50, column * 100 + 50]


def test_higher_probability_is_lighter_in_place() -> None:
    picture = figure().probability
    light = [cell(picture, r, c).sum() for r in range(4) for c in range(4)]
    assert light == sorted(light)
    assert light[0] + 200 < light[-1]


def test_squares_that_overlap_share_pixels_by_the_nearest_middle() -> None:
    probability = np.array([[0.0, 1.0]])
    picture = figure(
        probability=probability,
        label=np.zeros((1, 2)),
        activation=probability,
        tops=[0],
        lefts=[0, 100],
        size=(400, 300),
    ).probability
    row = np.asarray(picture, dtype=int)[200].sum(axis=1)
    assert (row[:200] == row[0]).all()
    assert (row[200:] == row[-1]).all()
    assert row[0] < row[-1]


def test_every_label_has_its_own_color_and_the_rare_ones_share_one() -> None:
    label = np.arange(16).reshape(4, 4)
    label[0] = 0
    picture = figure(label=label, labels=[f"class {n}" for n in range(16)]).label
    seen = {tuple(cell(picture, r, c)) for r in range(4) for c in range(4)}
    assert len(seen) == len(CATEGORIES) + 1
    red, green, blue = cell(picture, 3, 3)
    assert red == green == blue
    assert OTHER_CATEGORY[0] > red - 40


def test_most_frequent_label_is_named_first_and_its_share_fits_the_picture() -> None:
    one, many = figure().label, figure(label=np.arange(16).reshape(4, 4)).label
    assert many.height > one.height > PHOTO.shape[0]
    assert many.width == one.width == PHOTO.shape[1]


def test_labels_may_be_missing_a_list_or_a_mapping() -> None:
    blank = np.asarray(figure(labels=None).label)
    assert np.array_equal(np.asarray(figure(labels={1: "cat"}).label), blank)
    assert not np.array_equal(np.asarray(figure(labels={0: "cat"}).label), blank)
    assert np.array_equal(
        np.asarray(figure(labels=["cat"]).label), np.asarray(figure(labels={0: "cat"}).label)
    )


def test_what_is_not_done_stays_bare_whatever_its_values() -> None:
    done = np.zeros((4, 4), dtype=bool)
    done[:2] = True
    probability = np.linspace(0, 1, 16).reshape(4, 4)
    probability[2:] = np.nan
    picture = figure(probability=probability, done=done).probability
    assert cell(picture, 3, 3).tolist() == [128, 128, 128]
    assert len(set(cell(picture, 0, 0))) > 1


def test_a_sweep_that_has_not_begun_shows_the_photograph() -> None:
    begun = figure(done=np.zeros((4, 4), dtype=bool))
    for picture in (begun.probability, begun.label, begun.activation):
        assert (np.asarray(picture) == 128).all()


def test_constant_maps_and_one_position() -> None:
    one = np.ones((1, 1))
    drawn = figure(probability=one, label=one, activation=one, tops=[150], lefts=[150]).side_by_side()
    assert drawn.width == 3 * 400 + 2 * 16


def test_small_photographs_are_enlarged_so_that_words_can_be_read() -> None:
    drawn = figure(
        image=np.zeros((32, 32), dtype=np.uint8), tops=[0, 8, 16, 24], lefts=[0, 8, 16, 24], size=(8, 8)
    )
    assert drawn.probability.width == 320


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tops": [0, 1]}, "2 rows and 4 columns"),
        ({"label": np.zeros((4, 3))}, r"label has shape \(4, 3\)"),
        ({"done": np.zeros((1, 4), dtype=bool)}, r"done \(1, 4\)"),
        ({"activation": np.full((4, 4), np.inf)}, "activation has 16 of 16"),
        ({"image": np.zeros((4, 4, 3))}, "dtype float64"),
    ],
)
def test_bad_arguments_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        figure(**change)


@pytest.mark.parametrize("of", ["probability", "activation"])
def test_what_hardly_moves_is_not_stretched(of: str) -> None:
    rng = np.random.default_rng(0)
    still = 0.57 + 1e-5 * rng.random((4, 4))
    picture = getattr(figure(**{of: still}, baselines=(0.57, 0.57)), of)
    cells = {tuple(cell(picture, r, c)) for r in range(4) for c in range(4)}
    assert cells == {(128, 128, 128)}  # the photograph's own gray: no color says anything

    moves = getattr(figure(**{of: 0.57 + 0.01 * rng.random((4, 4))}, baselines=(0.57, 0.57)), of)
    assert len({tuple(cell(moves, r, c)) for r in range(4) for c in range(4)}) > 8


def test_a_small_answer_is_judged_by_its_own_size() -> None:
    """1e-6 and 2e-6 differ by much, unless the answer without the square is far larger."""
    small = np.linspace(1e-6, 2e-6, 16).reshape(4, 4)
    moves = figure(probability=small, baselines=(2e-6, 1.0)).probability
    assert cell(moves, 0, 0).sum() + 200 < cell(moves, 3, 3).sum()
    still = figure(probability=small, baselines=(0.9, 1.0)).probability
    assert (cell(still, 0, 0) == cell(still, 3, 3)).all()
