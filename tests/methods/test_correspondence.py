"""Correspondence against NumPy: masks laid by hand, signs counted one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import inspector
from inspector.errors import InspectorError, InvalidInputError, NotFoundError
from inspector.types.results.figure import Figure
from inspector.types.results.table import Table
from tests.support.graphs import model, node
from tests.support.toys import SIDE, toy_cnn, toy_image, toy_photo

IMAGES = np.stack([toy_image(seed) for seed in (1, 2, 3, 4)])
BOXES = np.array(
    [
        [(2, 3, 6, 7), (1, 1, 5, 5), (8, 8, 12, 12), (0, 0, 4, 4)],
        [(10, 10, 16, 13), (9, 2, 15, 5), (3, 12, 9, 15), (10, 0, 16, 3)],
    ]
)
FILL = (0.25, -0.5, 1.0)


@pytest.fixture(scope="module")
def ours() -> inspector.Model:
    return inspector.load(toy_cnn(), device="cpu", preprocessing="0..1")


def rows(found: Figure, title: str) -> list[dict[str, Any]]:
    table = found[title]
    assert isinstance(table, Table)
    return [dict(zip(table.columns, row.cells, strict=True)) for row in table.rows]


def by_hand(ours: inspector.Model, part: int, layer: str) -> list[int]:
    """Return H(sign ε_i, sign ε_j) of all pairs i ≠ j, in order."""
    masked = IMAGES.copy()
    for one, (top, left, bottom, right) in zip(masked, BOXES[part], strict=True):
        for channel, value in enumerate(FILL):
            one[channel, top:bottom, left:right] = value
    before, after = (ours.activations(x, layers=[layer])[layer].reshape(4, -1) for x in (IMAGES, masked))
    signs = [[0 if abs(d) < 1e-5 else 1 if d > 0 else -1 for d in one] for one in (before - after)]
    return [
        sum(a != b for a, b in zip(signs[i], signs[j], strict=True))
        for i in range(4)
        for j in range(4)
        if i != j
    ]


def test_the_sum_is_that_of_numpy_raw_and_normalized(ours: inspector.Model) -> None:
    layers = ("conv1", "relu2", "flat", "scores")
    found = ours.correspondence(
        IMAGES, boxes=BOXES, parts=["eye", "nose"], layers=layers, fill=FILL, random=0
    )

    table = rows(found, "Table 1")
    assert [(row["layer"], row["occlusion"]) for row in table] == [
        (layer, part) for layer in layers for part in ("eye", "nose")
    ]
    for row in table:
        pairs = by_hand(ours, ["eye", "nose"].index(row["occlusion"]), row["layer"])
        size = ours.activations(IMAGES[:1], layers=[row["layer"]])[row["layer"]].size
        assert row["raw sum"] == sum(pairs)
        assert row["difference"] == pytest.approx(np.mean(pairs) / size)
        assert row["spread"] == pytest.approx(np.std(pairs) / size)
    assert [panel.title for panel in found.panels] == ["Table 1", "masked", "by depth"]


def test_no_change_is_a_sign_of_its_own() -> None:
    """Of x − x̃ = (1, 0, …) and (0, 1, …) two of the places differ: 0 is neither of both signs."""
    nodes = [
        node("Relu", ["x"], "relu"),
        node("Flatten", ["relu"], "flat"),
        node("MatMul", ["flat", "w"], "y"),
    ]
    data = model(
        nodes, shape=("n", 1, 4, 4), weights={"w": np.eye(16, 3, dtype=np.float32)}
    ).SerializeToString()
    x = np.ones((2, 1, 4, 4), np.float32)
    boxes = np.array([[(0, 0, 1, 1), (2, 2, 3, 4)]])

    with inspector.load(data, device="cpu") as ours:
        found = ours.correspondence(x, boxes=boxes, layers=["relu"], fill=[0.0], random=0)

    (row,) = rows(found, "Table 1")
    assert row["raw sum"] == 2 * 3  # of 16 places the first and two others, in both orders
    assert row["difference"] == pytest.approx(3 / 16)


def test_the_same_image_changes_the_same_way(ours: inspector.Model) -> None:
    x = np.repeat(IMAGES[:1], 3, axis=0)
    boxes = np.repeat(BOXES[:, :1], 3, axis=1)

    found = ours.correspondence(x, boxes=boxes, random=5)

    table = rows(found, "Table 1")
    differences = {(row["layer"], row["occlusion"]): row["difference"] for row in table}
    assert differences["flat", "part 0"] == 0
    assert differences["flat", "random"] > 0.05  # whose places differ
    assert {note.id for note in found.notes} >= {"few_pairs", "spreads"}


def test_random_boxes_have_the_parts_sizes_and_stay_within_their_regions() -> None:
    """On black images with a white fill, the network's first layer is the mask: read where it lies."""
    nodes = [node("Identity", ["x"], "same"), node("Relu", ["same"], "relu"), node("GlobalMaxPool", ["relu"], "most"),
             node("Flatten", ["most"], "flat")]  # fmt: skip
    data = model(nodes, shape=("n", 1, SIDE, SIDE)).SerializeToString()
    x = np.zeros((2, 1, SIDE, SIDE), np.float32)
    boxes = np.array([[(0, 0, 3, 5), (0, 0, 3, 5)]])
    same_region = np.array([(4, 6, 7, 11), (4, 6, 7, 11)])  # which only one box of that size fits into

    with inspector.load(data, device="cpu") as ours:
        free, held = (
            rows(
                ours.correspondence(x, boxes=boxes, layers=["relu"], fill=[1], random=30, regions=one),
                "random boxes",
            )[0]
            for one in (None, same_region)
        )

    assert held["random"] == held["highest"] == 0
    assert free["highest"] == pytest.approx(2 * 15 / SIDE**2)  # two boxes of 15 places, apart
    assert 0 < free["random"] <= free["highest"]
    assert free["spread"] > 0


def test_the_seed_decides_the_draws(ours: inspector.Model) -> None:
    one, same, other = (
        rows(ours.correspondence(IMAGES, boxes=BOXES, seed=seed, random=3), "random boxes")
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_photographs_are_masked_in_gray_and_shown(ours: inspector.Model) -> None:
    photos = [toy_photo(seed, height=SIDE, width=SIDE) for seed in range(4)]

    found = ours.correspondence(photos, boxes=BOXES, parts=["eye", "nose"], random=1)

    pixels = np.asarray(found["masked"].pictures()[0])
    title = pixels.shape[0] // 2 - 128 - 4  # of each of two rows
    scale = 128 // SIDE
    top, left, bottom, right = BOXES[0][0] * scale
    inside = pixels[
        -(128 * 2 + 8 + title) + top + 1 : -(128 * 2 + 8 + title) + bottom - 1, left + 1 : right - 1
    ]
    assert (np.abs(inside.astype(int) - 127) <= 1).all()


@pytest.mark.parametrize(
    ("given", "error", "says", "field"),
    [
        ({"boxes": BOXES[:, :3]}, InvalidInputError, "of 3 images", "boxes"),
        ({"boxes": BOXES[:, :, :3]}, InvalidInputError, "top, left, bottom, right", "boxes"),
        ({"boxes": "none"}, InvalidInputError, "top, left, bottom, right", "boxes"),
        ({"boxes": BOXES + 40}, InvalidInputError, "covers nothing of image 0", "boxes[0][0]"),
        ({"boxes": BOXES[..., [2, 1, 0, 3]]}, InvalidInputError, "covers nothing", "boxes[0][0]"),
        ({"parts": ["eye"]}, InvalidInputError, "a name for each", "parts"),
        ({"random": -1}, InvalidInputError, "at least 0", "random"),
        ({"regions": BOXES[0][:2]}, InvalidInputError, "of 2 images", "regions"),
        ({"fill": (1, 2)}, InvalidInputError, "one per channel", "fill"),
        ({"layers": ["cnv"]}, NotFoundError, "no layer 'cnv'", "layers[0]"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    ours: inspector.Model, given: dict[str, Any], error: type[InspectorError], says: str, field: str
) -> None:
    with pytest.raises(error, match=says) as caught:
        ours.correspondence(IMAGES, **({"boxes": BOXES} | given))
    assert caught.value.field == field


def test_one_image_has_nothing_to_be_compared_with(ours: inspector.Model) -> None:
    with pytest.raises(InvalidInputError, match="two or more"):
        ours.correspondence(IMAGES[:1], boxes=BOXES[:, :1])


def test_features_that_are_not_finite_are_told_of() -> None:
    nodes = [node("Conv", ["x", "w"], "conv", kernel_shape=[3, 3]), node("Exp", ["conv"], "exp"),
             node("GlobalMaxPool", ["exp"], "most"), node("Flatten", ["most"], "flat")]  # fmt: skip
    weights = np.random.default_rng(0).standard_normal((5, 3, 3, 3)).astype(np.float32) * 40
    data = model(nodes, shape=("n", 3, SIDE, SIDE), weights={"w": weights}).SerializeToString()

    with inspector.load(data, device="cpu") as ours:
        found = ours.correspondence(IMAGES, boxes=BOXES, layers=["exp"], random=1)

    assert "not_finite" in {note.id for note in found.notes}
