"""Occlusion by free masks, against runs of the model on images that are covered here by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Class, Combination
from inspector.errors import InspectorError, InvalidInputError
from inspector.methods.occlusion.superpixels import superpixels
from inspector.types.results.figure import Figure
from inspector.types.results.maps import Maps
from inspector.types.results.table import Table
from tests.support.graphs import model, node, run_exposed
from tests.support.small_cnn import HEIGHT, WIDTH, images, proto, small_cnn
from tests.support.zoo import Zoo

X = images(1, seed=4)
TOP, LEFT = np.zeros((HEIGHT, WIDTH), bool), np.zeros((HEIGHT, WIDTH), bool)
TOP[:5], LEFT[:, :3] = True, True
LABELS = np.where(TOP, 0, np.where(LEFT, 7, -1))


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(head="Softmax"), device="cpu") as loaded:
        yield loaded


def probability(x: np.ndarray, index: int = 1) -> float:
    scores = run_exposed(proto(small_cnn()), x.astype(np.float32), ["scores"])["scores"][0].astype(np.float64)
    return float(np.exp(scores - scores.max())[index] / np.exp(scores - scores.max()).sum())


def parts(found: Figure) -> tuple[Maps, dict[str, tuple[float, float]]]:
    """Return the map, and per region the answer and the effect."""
    heat, table = found["effect"], found["regions"]
    assert isinstance(heat, Maps)
    assert isinstance(table, Table)
    return heat, {
        str(row.cells[0]): (float(row.cells[2] or 0), float(row.cells[3] or 0)) for row in table.rows
    }


def covered(mask: np.ndarray, color: Any) -> np.ndarray:
    return np.where(mask, np.reshape(np.broadcast_to(color, 3), (1, 3, 1, 1)), X)


WAYS: dict[str, tuple[dict[str, Any], dict[str, np.ndarray]]] = {
    "masks": ({"masks": np.stack([TOP, LEFT])}, {"0": TOP, "1": LEFT}),
    "one mask": ({"masks": LEFT}, {"0": LEFT}),
    "labels": ({"masks": LABELS}, {"0": TOP, "7": LEFT & ~TOP}),
    "boxes": ({"boxes": [[0, 0, WIDTH, 5], [0, 0, 3, HEIGHT]]}, {"0": TOP, "1": LEFT}),
    "one box": ({"boxes": (0, 0, 3, HEIGHT)}, {"0": LEFT}),
}


@pytest.mark.parametrize("name", WAYS)
def test_each_region_is_covered_once(ours: inspector.Model, name: str) -> None:
    given, masks = WAYS[name]
    heat, found = parts(ours.occlude_regions(X, target=1, fill=[0.5, -1, 2], **given))

    assert set(found) == set(masks)
    whole, effects = probability(X), {}
    for region, mask in masks.items():
        answer = probability(covered(mask, [0.5, -1, 2]))
        effects[region] = whole - answer
        assert found[region] == pytest.approx((answer, whole - answer), abs=1e-5)
    weight = np.sum(list(masks.values()), axis=0)
    plane = sum(effects[region] * mask for region, mask in masks.items()) / np.maximum(weight, 1)
    np.testing.assert_allclose(heat.maps[0, 0], plane, atol=1e-5)
    assert heat.options["regions"] == len(masks)


def test_a_region_alone(ours: inspector.Model) -> None:
    _, found = parts(ours.occlude_regions(X, target=1, masks=np.stack([TOP, LEFT]), fill=0, keep=True))

    nothing = probability(np.zeros_like(X))
    for region, mask in (("0", TOP), ("1", LEFT)):
        alone = probability(covered(~mask, 0))
        assert found[region] == pytest.approx((alone, alone - nothing), abs=1e-5)


def test_fills(ours: inspector.Model) -> None:
    masks = np.stack([TOP, LEFT])
    of_each = np.asarray([[0.5, 0, 1], [-1, 2, 0.25]])
    _, found = parts(ours.occlude_regions(X, target=1, masks=masks, fill=of_each))
    for region, (mask, color) in enumerate(zip(masks, of_each, strict=True)):
        assert found[str(region)][0] == pytest.approx(probability(covered(mask, color)), abs=1e-5)
    _, found = parts(ours.occlude_regions(X, target=1, masks=TOP, fill="mean"))
    assert found["0"][0] == pytest.approx(probability(covered(TOP, X[0][:, TOP].mean(axis=1))), abs=1e-5)
    heat, found = parts(ours.occlude_regions(X, target=1, masks=TOP, fill="blur"))
    assert 0 < found["0"][0] < 1
    assert heat.options["fill"] == "blur"


def test_soft_masks_mix(ours: inspector.Model) -> None:
    soft = np.linspace(0, 1, WIDTH)[None, None, :].repeat(HEIGHT, axis=1)
    _, found = parts(ours.occlude_regions(X, target=1, masks=soft, fill=1))
    assert found["0"][0] == pytest.approx(probability(X * (1 - soft[:, None]) + soft[:, None]), abs=1e-5)


def test_a_margin_is_watched_itself(ours: inspector.Model) -> None:
    target = Combination([1, 3])
    _, found = parts(ours.occlude_regions(X, target=target, masks=TOP, fill=0))
    scores = [
        run_exposed(proto(small_cnn()), x.astype(np.float32), ["scores"])["scores"][0]
        for x in (X, covered(TOP, 0))
    ]
    margins = [one[1] - one[3] for one in scores]
    assert found["0"] == pytest.approx((margins[1], margins[0] - margins[1]), rel=1e-3)


def test_batches_change_nothing_and_progress_is_told(ours: inspector.Model) -> None:
    steps: list[tuple[int, int]] = []
    _, one = parts(ours.occlude_regions(X, superpixels=9, batch=2, progress=lambda *told: steps.append(told)))
    _, other = parts(ours.occlude_regions(X, superpixels=9))

    assert one.keys() == other.keys()
    for region, values in one.items():
        assert values == pytest.approx(other[region], abs=1e-6)
    assert steps[-1] == (len(one), len(one))
    assert steps == sorted(set(steps))


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_layouts_are_alike(layout: str) -> None:
    with inspector.load(small_cnn(layout=layout, head="Softmax"), device="cpu") as other:
        x = images(1, seed=4, layout=layout)
        heat, found = parts(other.occlude_regions(x, target=1, masks=LABELS, fill=0))
    assert found["7"][0] == pytest.approx(probability(covered(LEFT & ~TOP, 0)), abs=1e-5)
    assert heat.to_pil(plain=True).size == (WIDTH, HEIGHT)


def test_signals_have_intervals() -> None:
    nodes = [
        node("Conv", ["x", "w"], "c", pads=[1, 1]),
        node("GlobalMaxPool", ["c"], "most"),
        node("Flatten", ["most"], "scores"),
    ]
    weights = {"w": np.random.default_rng(1).standard_normal((4, 1, 3)).astype(np.float32)}
    x = np.random.default_rng(2).standard_normal((1, 1, 40)).astype(np.float32)
    x[0, 0, 12:15] *= 9
    with inspector.load(
        model(nodes, shape=(1, 1, 40), weights=weights).SerializeToString(), device="cpu"
    ) as ours:
        heat, found = parts(ours.occlude_regions(x, superpixels=8, fill=0))
        strongest = int(np.abs(heat.maps[0, 0]).argmax())
        with pytest.raises(InvalidInputError, match="boxes lie on pictures"):
            ours.occlude_regions(x, boxes=[0, 0, 2, 2])
    assert len(found) > 4
    assert abs(strongest - 13) < 8


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "two ways": ({"masks": TOP, "superpixels": 4}, "Give one of"),
    "another size": ({"masks": TOP[1:]}, "INVALID_SHAPE"),
    "nothing covered": ({"masks": np.stack([TOP, TOP & False])}, "The mask 1 covers nothing"),
    "no label": ({"masks": np.full((HEIGHT, WIDTH), -1)}, "no region"),
    "beyond 1": ({"masks": TOP[None] * 2.0}, "a mask is 1 where"),
    "NaN": ({"masks": np.where(TOP, np.nan, 0)[None]}, "NaN"),
    "a box of no pixel": ({"boxes": [5, 5, 5, 9]}, "covers no pixel"),
    "a box of three": ({"boxes": [5, 5, 5]}, "left, top, right, bottom"),
    "no superpixels": ({"superpixels": 0}, "superpixels is 0"),
    "too many superpixels": ({"superpixels": 10**6}, "allowed is 1 to"),
    "no fill": ({"fill": "pink"}, "fill"),
    "fills for others": ({"masks": TOP, "fill": np.zeros((2, 3))}, "one for each region"),
    "no batch": ({"batch": 0}, "batch is 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_fits_not_is_refused(ours: inspector.Model, name: str) -> None:
    given, says = REFUSED[name]
    with pytest.raises(InspectorError) as caught:
        ours.occlude_regions(X, **given)
    assert says in (caught.value.message, caught.value.reason) or says in caught.value.message


def test_superpixels_are_connected_and_follow_edges() -> None:
    image = np.zeros((60, 40, 3))
    image[:, 23:] = 1
    image[31:, :23] = 0.5
    labels = superpixels(image + np.random.default_rng(0).normal(size=image.shape) * 0.02, 12)
    sizes = np.bincount(labels.ravel())

    assert 6 <= len(sizes) <= 24
    assert sizes.min() > 20
    for one in range(len(sizes)):
        here = np.argwhere(labels == one)
        reached = {tuple(here[0])}
        border = [tuple(here[0])]
        inside = set(map(tuple, here.tolist()))
        while border:
            row, column = border.pop()
            for near in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                if near in inside and near not in reached:
                    reached.add(near)
                    border.append(near)
        assert reached == inside
        colors = image[labels == one, 0]
        assert np.unique(colors, return_counts=True)[1].max() > 0.9 * len(colors)


@pytest.mark.slow
def test_the_dogs_face_is_what_the_dog_is_worth(zoo: Zoo) -> None:
    with inspector.load(
        zoo.model("derived_mobilenetv2_fp32_op15"), device="cpu", preprocessing="imagenet"
    ) as ours:
        photo = zoo.image("both_dog_cat_gradcam.png")
        heat, found = parts(
            ours.occlude_regions(
                photo, target=Class(243), boxes=[[60, 10, 140, 120], [0, 150, 60, 224]], fill="blur"
            )
        )
        pixels, _ = parts(ours.occlude_regions(photo, target=Class(243)))
    assert found["0"][1] > 0.6
    assert abs(found["1"][1]) < 0.2
    row, column = np.unravel_index(pixels.maps[0, 0].argmax(), (224, 224))
    assert 10 < row < 120
    assert 60 < column < 160
    assert heat.maps[0, 0, 60, 100] > 0.6
