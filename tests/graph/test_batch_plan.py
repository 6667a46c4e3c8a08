"""Where the images of a batch stand, and whether they keep apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from inspector.graph.batch.placement import Placement
from inspector.graph.batch.plan import plan_batches
from inspector.model.read import read_model
from tests.support.graphs import model, node

IMAGE = (4, 6, 5)
WEIGHTS: dict[str, np.ndarray] = {
    "w": np.ones((4, 4, 3, 3), np.float32),
    "d": np.ones((5, 2), np.float32),
    "rows": np.array([-1, 30]),
    "flat": np.array([0, -1]),
    "fixed": np.array([1, -1]),
    "parts": np.array([2, -1]),
    "zero": np.array([0]),
    "first": np.array(0),
    "one": np.array([1]),
    "none": np.array(0),
    "step": np.array(1),
    "column": np.array([-1, 1, 1, 1]),
    "gates": np.ones((1, 8, 30), np.float32),
    "back": np.ones((1, 8, 2), np.float32),
    "three": np.array([0, 4, 30]),
    "back_bound": np.array([-(2**60)]),
    "minus": np.array([-1]),
    "some": np.array([True, False, True, True]),
    "per_channel": np.ones(4, np.float32),
}
CONV = node("Conv", ["x", "w"], "c", pads=[1, 1, 1, 1])
COUNT = [node("Shape", ["c"], "shape"), node("Gather", ["shape", "first"], "count", axis=0)]

APART: dict[str, tuple[list[onnx.NodeProto], Placement]] = {
    "it leads": ([node("Relu", ["c"], "y")], Placement(axis=0)),
    "time first": ([node("Transpose", ["c"], "y", perm=[2, 0, 1, 3])], Placement(axis=1)),
    "rows of images and channels": ([node("Reshape", ["c", "rows"], "y")], Placement(axis=0, parts=4)),
    "rows of channels and images": (
        [node("Transpose", ["c"], "t", perm=[1, 0, 2, 3]), node("Reshape", ["t", "rows"], "y")],
        Placement(axis=0, parts=4, cyclic=True),
    ),
    "stacked pairs": (
        [node("Neg", ["c"], "m"), node("Concat", ["c", "m"], "y", axis=0)], Placement(axis=0, parts=2, cyclic=True),
    ),
    "one row for all": ([node("Reshape", ["c", "fixed"], "y")], Placement(axis=1, parts=120)),
    "pairs taken apart": (
        [
            node("Neg", ["c"], "m"),
            node("Concat", ["c", "m"], "s", axis=0),
            node("Split", ["s"], ["a", "b"], axis=0),
            node("Add", ["a", "b"], "y"),
        ],
        Placement(axis=0),
    ),
    "a recurrent layer": (
        [
            node("Reshape", ["c", "three"], "r"),
            node("Transpose", ["r"], "t", perm=[1, 0, 2]),
            node("LSTM", ["t", "gates", "back"], "y", hidden_size=2),
        ],
        Placement(axis=2),
    ),
    "a product of two": (
        [node("Transpose", ["c"], "t", perm=[0, 1, 3, 2]), node("MatMul", ["c", "t"], "y")], Placement(axis=0),
    ),
    "constants of the batch's size, all alike": (
        [*COUNT, node("ConstantOfShape", ["shape"], "o"), node("Add", ["c", "o"], "y")], Placement(axis=0),
    ),
    "BatchNormalization": (
        [node("BatchNormalization", ["c", *["per_channel"] * 4], "y")], Placement(axis=0),
    ),
    "TopK within an image": ([node("TopK", ["c", "one"], ["y", "i"], axis=2)], Placement(axis=0)),
}  # fmt: skip

TOGETHER: dict[str, tuple[list[onnx.NodeProto], int | None, str]] = {
    "a mean over the batch": ([node("ReduceMean", ["c"], "y", axes=[0], keepdims=1)], 0, "ReduceMean"),
    "its axis is gone": ([node("ReduceMean", ["c"], "y", axes=[0], keepdims=0)], None, "ReduceMean"),
    "what follows inherits it": (
        [node("ReduceMean", ["c"], "m", axes=[0], keepdims=1), node("Sub", ["c", "m"], "y")], 0, "'m' (ReduceMean)",
    ),
    "Softmax over the batch": ([node("Softmax", ["c"], "y", axis=0)], 0, "Softmax"),
    "training": (
        [node("BatchNormalization", ["c", *["per_channel"] * 4], ["y", "a", "b"], training_mode=1)],
        0,
        "BatchNormalization",
    ),
    "the first image": ([node("Gather", ["c", "first"], "y", axis=0)], None, "Gather"),
    "backward": ([node("Slice", ["c", "minus", "back_bound", "zero", "minus"], "y")], 0, "Slice"),
    "running over the batch": ([node("CumSum", ["c", "first"], "y")], 0, "CumSum"),
    "its number": (
        [
            *COUNT,
            node("Range", ["none", "count", "step"], "numbers"),
            node("Cast", ["numbers"], "floats", to=TensorProto.FLOAT),
            node("Reshape", ["floats", "column"], "k"),
            node("Add", ["c", "k"], "y"),
        ],
        0,
        "'k' may differ",
    ),
    "divided by the number of images": (
        [*COUNT, node("Cast", ["count"], "k", to=TensorProto.FLOAT), node("Div", ["c", "k"], "y")], 0, "'k' may differ",
    ),
    "what was found": (
        [
            node("Greater", ["c", "limit"], "good"),
            node("NonZero", ["good"], "where"),
            node("Cast", ["where"], "y", to=TensorProto.FLOAT),
        ],
        None,
        "NonZero",
    ),
}  # fmt: skip


def planned(nodes: list[onnx.NodeProto], batch: Any) -> Placement:
    proto = model(
        [CONV, *nodes],
        shape=(batch, *IMAGE),
        weights=WEIGHTS | {"limit": np.array(0, np.float32)},
        outputs=["y"],
    )
    return plan_batches(read_model(proto.SerializeToString()), IMAGE).of("y")


@pytest.mark.parametrize("batch", ["n", 5])
@pytest.mark.parametrize("name", APART)
def test_where_images_stand_apart(name: str, batch: int | str) -> None:
    nodes, expected = APART[name]

    assert planned(nodes, batch) == expected


@pytest.mark.parametrize("name", TOGETHER)
def test_what_may_mix_them_is_named(name: str) -> None:
    nodes, axis, reason = TOGETHER[name]

    found = planned(nodes, "n")

    assert found.axis == axis
    assert found.reason is not None
    assert reason in found.reason
    assert not found.is_separate


def test_constants_that_differ_along_a_fixed_batch_do() -> None:
    differing = np.arange(5, dtype=np.float32).reshape(5, 1, 1, 1)
    for array, is_separate in ((differing, False), (differing * 0, True)):
        proto = model(
            [CONV, node("Add", ["c", "k"], "y")], shape=(5, *IMAGE), weights={"w": WEIGHTS["w"], "k": array}
        )
        assert plan_batches(read_model(proto.SerializeToString()), IMAGE).of("y").is_separate == is_separate


@pytest.mark.parametrize("placement", [
    Placement(axis=0), Placement(axis=2), Placement(axis=0, parts=4), Placement(axis=1, parts=4, cyclic=True),
    Placement(axis=2, parts=2),
])  # fmt: skip
def test_what_is_taken_apart_comes_together_again(placement: Placement) -> None:
    shape = [2, 3, 5]
    assert placement.axis is not None
    shape[placement.axis] = 3 * placement.parts
    whole = np.random.default_rng(0).standard_normal(shape)

    apart = placement.split(whole, 3)

    assert len(apart) == 3
    assert placement.fits(whole.shape, 3)
    np.testing.assert_array_equal(placement.join(apart), whole)
    step = 3 if placement.cyclic else 1
    first = np.take(whole, [step * part for part in range(placement.parts)], axis=placement.axis)
    np.testing.assert_array_equal(apart[0].reshape(first.shape), first)
