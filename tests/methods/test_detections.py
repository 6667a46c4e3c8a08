"""Detectors that give as many boxes as they find: an element means the same whether one box is found or five."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector import Element
from inspector.errors import InspectorError, InvalidInputError
from tests.support.graphs import Exposed, model, node

RNG = np.random.default_rng(0)
SIDE, CELL = 16, 4
CELLS = (SIDE // CELL) ** 2
GRID = np.array(
    [
        [CELL * i, CELL * j, CELL * (i + 1), CELL * (j + 1)]
        for i in range(SIDE // CELL)
        for j in range(SIDE // CELL)
    ],
    np.float32,
)[None]
WEIGHTS: dict[str, np.ndarray] = {
    "w": RNG.standard_normal((4, 1, CELL, CELL)).astype(np.float32) * np.float32(0.1),
    "v": RNG.standard_normal((1, 1, CELL, CELL)).astype(np.float32),
    "to_boxes": np.array([1, 4, CELLS]),
    "to_scores": np.array([1, 1, CELLS]),
    "grid": GRID,
    "most": np.array([100]),
    "iou": np.array([0.5], np.float32),
    "least": np.array([0.99], np.float32),
    "two": np.array(2),
    "zero": np.array([0]),
    "flat": np.array([-1]),
    "bound": np.array(0.99, np.float32),
}
BEFORE = [
    node("Conv", ["x", "w"], "offsets", strides=[CELL, CELL]),
    node("Conv", ["x", "v"], "objectness", strides=[CELL, CELL]),
    node("Reshape", ["offsets", "to_boxes"], "o1"),
    node("Transpose", ["o1"], "o2", perm=[0, 2, 1]),
    node("Add", ["o2", "grid"], "all_boxes"),
    node("Reshape", ["objectness", "to_scores"], "s1"),
    node("Sigmoid", ["s1"], "all_scores"),
    node("Squeeze", ["all_boxes", "zero"], "b0"),
    node("Reshape", ["all_scores", "flat"], "s0"),
]
SUPPRESSED = [
    node("NonMaxSuppression", ["all_boxes", "all_scores", "most", "iou", "least"], "selected"),
    node("Gather", ["selected", "two"], "which", axis=1),
]
COUNTED = [
    node("Greater", ["s0", "bound"], "good"),
    node("NonZero", ["good"], "places"),
    node("Squeeze", ["places", "zero"], "which"),
]
TAKEN = [node("Gather", ["b0", "which"], "boxes", axis=0), node("Gather", ["s0", "which"], "scores", axis=0)]
KINDS = {
    "NonMaxSuppression": [*BEFORE, *SUPPRESSED, *TAKEN],
    "NonZero": [*BEFORE, *COUNTED, *TAKEN],
    "an axis of size 1 is squeezed": [
        *BEFORE,
        *SUPPRESSED,
        node("Gather", ["b0", "which"], "full", axis=0),
        node("Squeeze", ["full"], "boxes"),
        node("Gather", ["s0", "which"], "scores", axis=0),
    ],
}


def detector(kind: str) -> onnx.ModelProto:
    proto = model(KINDS[kind], shape=(1, 1, SIDE, SIDE), weights=WEIGHTS, outputs=("boxes", "scores"))
    for info, sizes in zip(proto.graph.output, ((4,), ()), strict=True):
        info.type.tensor_type.shape.dim.add(dim_param="n")
        for size in sizes:
            info.type.tensor_type.shape.dim.add(dim_value=size)
    return proto


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def ours(kind: str) -> Iterator[inspector.Model]:
    with inspector.load(detector(kind).SerializeToString(), device="cpu") as loaded:
        yield loaded


@pytest.fixture(scope="module")
def exposed(kind: str) -> Exposed:
    return Exposed(detector(kind), ["boxes", "scores"])


@pytest.fixture(scope="module")
def found(exposed: Exposed) -> dict[int, np.ndarray]:
    """Return images by how many boxes are found on them."""
    images: dict[int, np.ndarray] = {}
    for seed in range(120):
        x = np.random.default_rng(seed).standard_normal((1, 1, SIDE, SIDE)).astype(np.float32)
        images.setdefault(np.atleast_1d(exposed.run(x)["scores"]).size, x)
    return images


@pytest.mark.parametrize("count", [1, 2, 4])
def test_an_element_of_a_box_means_the_same_for_any_number(
    ours: inspector.Model, exposed: Exposed, found: dict[int, np.ndarray], count: int
) -> None:
    x = found[count]
    map_ = ours.attribute(x, target=Element("boxes", (0, 3)))
    value = exposed.run(x)["boxes"].reshape(-1, 4)[0, 3]

    assert map_.targets[0].value == pytest.approx(value, rel=1e-5)
    direction = np.sign(map_.maps) * 1e-3
    moved = exposed.run(x + direction)["boxes"].reshape(-1, 4)[0, 3]
    assert moved - value == pytest.approx(float((map_.maps * direction).sum()), rel=0.05)


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("batch", [1, 3, None])
def test_places_of_occlusion_without_the_element_are_nan_with_a_note(
    ours: inspector.Model, exposed: Exposed, found: dict[int, np.ndarray], count: int, batch: int | None
) -> None:
    x, last = found[count], count - 1
    expected = np.full((4, 4), np.nan)
    for i in range(4):
        for j in range(4):
            occluded = x.copy()
            occluded[:, :, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4] = 0.5
            scores = np.atleast_1d(exposed.run(occluded)["scores"])
            if scores.size > last:
                expected[i, j] = scores[last]

    sweep = ours.occlude(x, target=Element("scores", (last,)), size=4, stride=4, fill=0.5, batch=batch)

    np.testing.assert_allclose(sweep.probability, expected, rtol=1e-5)
    missing = int(np.isnan(expected).sum())
    told = [note for note in sweep.notes if note.id == "element_missing"]
    assert len(told) == bool(missing)
    assert not missing or f"In {missing} of 16 runs" in told[0]


def test_where_nothing_is_found_there_is_no_target_and_an_empty_prediction(
    ours: inspector.Model, found: dict[int, np.ndarray]
) -> None:
    for target in (None, 1, Element("boxes", (0, 3)), Element("scores", (0,))):
        with pytest.raises(InvalidInputError, match="found nothing") as caught:
            ours.attribute(found[0], target=target)
        assert caught.value.reason == "NOTHING_FOUND"

    prediction = ours.predict(found[0])
    assert prediction[0].classes == ()
    assert "nothing_found" in [note.id for note in prediction.notes]
    assert np.isfinite(
        ours.occlude(found[0], target=Element("all_scores", (0, 5)), size=4, stride=4).probability
    ).all()


def test_images_with_different_numbers_are_answered_one_by_one(
    ours: inspector.Model, found: dict[int, np.ndarray]
) -> None:
    images = [found[count] for count in (4, 0, 2, 1)]
    x = np.concatenate(images)

    alone = [ours.predict(one)[0].classes for one in images]
    assert [one.classes for one in ours.predict(x)] == alone
    kept = np.concatenate([found[4], found[2]])
    maps = ours.attribute(kept, target=Element("scores", (1,))).maps
    np.testing.assert_allclose(
        maps, [ours.attribute(one[None], target=Element("scores", (1,))).maps[0] for one in kept], atol=1e-6
    )
    with pytest.raises(InvalidInputError, match="another shape for another image") as caught:
        ours.activations(x, layers=["scores"])
    assert caught.value.reason == "SHAPES_DIFFER"


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("rise", {"masks": 30}),
        ("smoothgrad", {"samples": 20, "noise": 0.5}),
        ("integrated_gradients", {"steps": 6}),
    ],
)
def test_methods_on_changed_images_say_where_the_element_is_missing(
    ours: inspector.Model, found: dict[int, np.ndarray], method: str, options: dict[str, Any]
) -> None:
    most = max(found)
    map_ = ours.attribute(found[most], method=method, target=Element("scores", (most - 1,)), **options)

    ids = {note.id for note in map_.notes}
    assert "element_missing" in ids
    assert np.isfinite(map_.maps).all() == (method == "rise")


def test_no_bare_error_comes_out(ours: inspector.Model, found: dict[int, np.ndarray]) -> None:
    for x in found.values():
        for target in (None, 0, 3, 7, Element("boxes"), Element("boxes", (5, 0)), Element("scores", (2,))):
            try:
                ours.attribute(x, target=target)
                ours.occlude(x, target=target, size=8, stride=8)
            except InspectorError:
                continue
