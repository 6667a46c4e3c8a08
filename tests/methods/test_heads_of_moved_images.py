"""Outputs whose axis of images is not the first: they are read as the same outputs with that in front."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

import inspector
from inspector.model.read import read_model
from inspector.types.results.predictions import Prediction
from tests.support.all_tails import all_tails
from tests.support.graphs import node
from tests.support.tails import SIDE, network

TAILS = all_tails()
LAST, SECOND = -1, 1
ASIDE = {
    (
        "a picture of whole numbers",
        LAST,
    ): "what is explained is not found before what was moved: an error says so",
    ("a picture of whole numbers", SECOND): "the same",
    (
        "rows that the graph chose",
        SECOND,
    ): "of unknown meaning: images that stand among rows are no images of rows",
}
"""Tails of which less is known once the images were moved, and why."""


def moved(proto: onnx.ModelProto, *, to: int) -> onnx.ModelProto:
    """Return a model with the axis of images of each output moved; outputs without that place stay."""
    ranks = {one.name: len(one.shape) for one in read_model(proto.SerializeToString()).outputs}
    found = onnx.ModelProto()
    found.CopyFrom(proto)
    for output in found.graph.output:
        name, rank = output.name, ranks[output.name]
        if rank < 2 or to >= rank:
            continue
        axes = [axis for axis in range(rank) if axis]
        axes.insert(to % rank, 0)
        for one in found.graph.node:
            for names in (one.input, one.output):
                names[:] = [f"{name}_before" if other == name else other for other in names]
        found.graph.node.append(node("Transpose", [f"{name}_before"], name, perm=axes))
        found.graph.node[-1].name = f"{name}_moved"
        output.CopyFrom(helper.make_tensor_value_info(name, output.type.tensor_type.elem_type, None))
    return found


def told(prediction: Prediction) -> list[tuple[int, float]]:
    return [(one.index, one.score) for one in prediction.classes]


@pytest.mark.parametrize(
    ("name", "to"), [(name, to) for name in TAILS for to in (LAST, SECOND) if (name, to) not in ASIDE]
)
def test_where_the_images_stand_changes_no_answer(name: str, to: int) -> None:
    tail = TAILS[name]
    proto = network(tail, seed=1, batch="n")
    x = np.random.default_rng(1).uniform(-1, 1, (2, 3, SIDE, SIDE)).astype(np.float32)
    with (
        inspector.load(proto.SerializeToString(), device="cpu", labels=tail.labels) as first,
        inspector.load(moved(proto, to=to).SerializeToString(), device="cpu", labels=tail.labels) as other,
    ):
        for one, again in zip(first.predict(x, top=99), other.predict(x, top=99), strict=True):
            assert again.meaning == one.meaning
            assert [index for index, _ in told(again)] == [index for index, _ in told(one)]
            np.testing.assert_allclose(
                [score for _, score in told(again)], [score for _, score in told(one)], rtol=1e-4, atol=1e-5
            )
            assert [box.index for box in again.boxes] == [box.index for box in one.boxes]
            for box, same in zip(again.boxes, one.boxes, strict=True):
                assert (box.corners is None) == (same.corners is None)
                np.testing.assert_allclose(box.corners or (), same.corners or (), rtol=1e-4, atol=1e-3)
        (target,), (again_target,) = (each.attribute(x[:1]).targets for each in (first, other))
        assert (again_target.kind, again_target.channel) == (target.kind, target.channel)
