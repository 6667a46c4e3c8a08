"""A fixed batch of several images: answers and gradients are those of the twin whose batch is free."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector import Element
from tests.support.graphs import model, node

RNG = np.random.default_rng(5)
X = RNG.standard_normal((3, 6, 8, 9)).astype(np.float32)
WEIGHTS: dict[str, np.ndarray] = {
    "w": RNG.standard_normal((6, 6, 3, 3)).astype(np.float32) * np.float32(0.2),
    "v": RNG.standard_normal((4, 3, 3, 3)).astype(np.float32),
    "flat": np.array([0, 0, -1]),
    "k": np.array([5]),
    "all": np.array([42]),
    "zero": np.array([0]),
    "one": np.array([1]),
    "two": np.array([2]),
    "three": np.array([3]),
    "six": np.array([6]),
    "rows": np.array([[0, 1], [3, 2], [5, 1]]),
    "axis": np.array(2),
    "joined": np.array([-1, 42]),
    "parted": np.array([-1, 6, 42]),
    "stacked": np.array([-1, 2, 4]),
    "twice": np.array([1, 2, 1]),
    "nothing": np.zeros((1, 6, 1), np.float32),
}
FEATURES = [
    node("Conv", ["x", "w"], "c"),
    node("Sigmoid", ["c"], "r"),
    node("Reshape", ["r", "flat"], "f"),
]  # (n, 6, 42)
MEAN = node("ReduceMean", ["t"], "y", axes=[2], keepdims=0)
HALVES = [
    node("Slice", ["x", "zero", "three", "one"], "left"),
    node("Slice", ["x", "three", "six", "one"], "right"),
    node("Concat", ["left", "right"], "s", axis=0),
    node("Conv", ["s", "v"], "d"),
    node("Softplus", ["d"], "e"),
    node("GlobalAveragePool", ["e"], "g"),
    node("Flatten", ["g"], "h"),
]  # (2n, 4): all left halves, then all right ones

APART: dict[str, list[onnx.NodeProto]] = {
    "plain": [*FEATURES, node("Identity", ["f"], "t"), MEAN],
    "TopK": [*FEATURES, node("TopK", ["f", "k"], ["t", "i"], axis=2), MEAN],
    "sorted": [
        *FEATURES,
        node("TopK", ["f", "all"], ["sorted", "i"], axis=2),
        node("Gather", ["sorted", "two"], "t", axis=2),
        MEAN,
    ],
    "GatherElements at the largest": [
        *FEATURES,
        node("ArgMax", ["f"], "i", axis=2, keepdims=1),
        node("GatherElements", ["f", "i"], "t", axis=2),
        MEAN,
    ],
    "ScatterElements at the largest": [
        *FEATURES,
        node("ArgMax", ["f"], "i", axis=2, keepdims=1),
        node("ReduceMin", ["f"], "low", axes=[2], keepdims=1),
        node("ScatterElements", ["f", "i", "low"], "t", axis=2),
        MEAN,
    ],
    "windows by Gather": [
        *FEATURES,
        node("Gather", ["f", "rows"], "u", axis=2),
        node("ReduceMax", ["u"], "t", axes=[3], keepdims=0),
        MEAN,
    ],
    "CumSum": [*FEATURES, node("CumSum", ["f", "axis"], "t"), MEAN],
    "Tile": [*FEATURES, node("Tile", ["f", "twice"], "u"), node("ReduceMax", ["u"], "y", axes=[2], keepdims=0)],
    "time first": [
        *FEATURES,
        node("Transpose", ["f"], "u", perm=[2, 0, 1]),
        node("Softmax", ["u"], "q", axis=0),
        node("Mul", ["u", "q"], "z"),
        node("ReduceSum", ["z", "zero"], "y", keepdims=0),
    ],
    "rows of images and channels": [
        *FEATURES,
        node("Reshape", ["f", "joined"], "j"),
        node("Softmax", ["j"], "q", axis=1),
        node("Reshape", ["q", "parted"], "p"),
        node("ReduceL2", ["p"], "y", axes=[2], keepdims=0),
    ],
    "pairs stacked along the batch": [*HALVES, node("Split", ["h"], ["a", "b"], axis=0), node("Sub", ["a", "b"], "y")],
    "attention": [
        *FEATURES,
        node("Transpose", ["f"], "u", perm=[0, 2, 1]),
        node("MatMul", ["f", "u"], "m"),
        node("Softmax", ["m"], "q", axis=2),
        node("MatMul", ["q", "f"], "t"),
        MEAN,
    ],
    "Einsum": [
        *FEATURES,
        node("Einsum", ["f", "f"], "m", equation="ncp,ndp->ncd"),
        node("ReduceMean", ["m"], "y", axes=[2], keepdims=0),
    ],
}  # fmt: skip
CENTERED = [
    *FEATURES,
    node("ReduceMean", ["f"], "mu", axes=[0, 2], keepdims=1),
    node("Sub", ["f", "mu"], "d"),
    node("Mul", ["d", "d"], "t"),
    MEAN,
]
COMPARED = [*FEATURES, node("Softmax", ["f"], "t", axis=0), MEAN]


def load(nodes: list[onnx.NodeProto], batch: int | str) -> inspector.Model:
    used = {name for each in nodes for name in each.input}
    proto = model(
        nodes,
        shape=(batch, *X.shape[1:]),
        weights={k: v for k, v in WEIGHTS.items() if k in used},
        outputs=["y"],
    )
    return inspector.load(proto.SerializeToString(), device="cpu")


COMPANY = ("ran_alone", "ran_with_copies")


def of_company(notes: tuple[Any, ...]) -> list[Any]:
    """Return the notes on how images of a batch were run."""
    return [note for note in notes if note.id in COMPANY]


def answers(ours: inspector.Model, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[Any, ...]]:
    element = Element("y", (1,))
    found = ours.attribute(x, target=element)
    return ours.activations(x, layers=["y"])["y"], found.maps, found.notes


@pytest.mark.parametrize("batch", ["n", 1, 2, 4])
@pytest.mark.parametrize("name", APART)
def test_what_keeps_images_apart(name: str, batch: int | str) -> None:
    with load(APART[name], "n") as free:
        right = [answers(free, one[None]) for one in X]
    with load(APART[name], batch) as ours:
        values, maps, notes = answers(ours, X)
        several = ours.attribute(X[0], target=[Element("y", (i,)) for i in range(4)]).maps
        occluded = ours.occlude(X[0], target=Element("y", (1,)), size=4, stride=3)

    np.testing.assert_allclose(values, np.concatenate([one for one, _, _ in right]), atol=1e-5)
    np.testing.assert_allclose(maps, np.concatenate([one for _, one, _ in right]), atol=1e-5)
    np.testing.assert_allclose(several[1], right[0][1][0], atol=1e-5)
    assert np.abs(np.diff(several, axis=0)).max() > 1e-4
    assert np.isfinite(occluded.probability).all()
    assert of_company(notes) == of_company(occluded.notes) == []


@pytest.mark.parametrize("batch", ["n", 1, 2, 4])
def test_statistics_of_the_batch_are_those_of_the_image(batch: int | str) -> None:
    with load(CENTERED, "n") as free:
        right = [answers(free, one[None]) for one in X]
    with load(CENTERED, batch) as ours:
        values, maps, notes = answers(ours, X)

    np.testing.assert_allclose(values, np.concatenate([one for one, _, _ in right]), atol=1e-5)
    np.testing.assert_allclose(maps, np.concatenate([one for _, one, _ in right]), atol=1e-5)
    known = [note.id for note in of_company(notes)]
    assert known == {"n": ["ran_alone"], 1: []}.get(batch, ["ran_with_copies"])


def test_what_compares_the_images_of_a_fixed_batch_is_asked_with_copies() -> None:
    """A Softmax over two copies gives each a half; no company of others comes in."""
    with load(COMPARED, 2) as ours:
        values, maps, notes = answers(ours, X)

    np.testing.assert_allclose(values, 0.5, atol=1e-6)
    np.testing.assert_allclose(maps, 0, atol=1e-6)
    (told,) = of_company(notes)
    assert told.id == "ran_with_copies"
    assert "2 images at once" in told
    assert "(Softmax)" in told
