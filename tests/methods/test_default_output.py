"""Of several outputs the one that says classes is read, wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest

import inspector
from tests.support.graphs import model, node

RNG = np.random.default_rng(0)
WEIGHTS = {
    "w": RNG.standard_normal((6, 3, 4, 4)).astype(np.float32),
    "four": RNG.standard_normal((6, 4)).astype(np.float32),
    "ten": RNG.standard_normal((6, 10)).astype(np.float32),
    "two": RNG.standard_normal((6, 2)).astype(np.float32),
}
BODY = [node("Conv", ["x", "w"], "c", strides=[4, 4]), node("Relu", ["c"], "r")]
POOLED = [node("GlobalAveragePool", ["r"], "g"), node("Flatten", ["g"], "f")]
X = RNG.random((1, 3, 32, 32), np.float32)


@pytest.mark.parametrize("end", ["Softmax", "Sigmoid"])
def test_bare_numbers_that_nothing_names_come_after_what_is_made_probable(end: str) -> None:
    """As of a network about one face: offsets, points and whether it is one."""
    nodes = [
        *BODY,
        *POOLED,
        node("MatMul", ["f", "four"], "dense_1"),
        node("MatMul", ["f", "ten"], "dense_2"),
        node("MatMul", ["f", "two"], "dense_3"),
        node(end, ["dense_3"], "likely"),
    ]
    proto = model(
        nodes, shape=("n", 3, 32, 32), weights=WEIGHTS, outputs=["dense_1", "dense_2", "likely"], opset=13
    )
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        (prediction,) = ours.predict(X)
        assert prediction.output == "likely"
        (target,) = ours.attribute(X).targets
        assert (target.tensor, target.channel) == ("dense_3", prediction.classes[0].index)
        assert "other_outputs" not in {note.id for note in prediction.notes} or end == "Softmax"


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_maps_of_four_numbers_beside_two_classes_are_boxes(layout: str) -> None:
    """As of PNet, with channels first or last."""
    last = layout == "NHWC"
    turned = [node("Transpose", ["x"], "t", perm=[0, 3, 1, 2])] if last else [node("Identity", ["x"], "t")]
    axis = 3 if last else 1
    ends = ["four_map", "two_map"]
    nodes = [
        *turned,
        node("Conv", ["t", "w"], "c", strides=[4, 4]),
        node("Relu", ["c"], "r"),
        node("Conv", ["r", "v4"], "four_map" if not last else "four_raw"),
        node("Conv", ["r", "v2"], "two_raw"),
    ]
    if last:
        nodes += [
            node("Transpose", ["four_raw"], "four_map", perm=[0, 2, 3, 1]),
            node("Transpose", ["two_raw"], "two_last", perm=[0, 2, 3, 1]),
        ]
    nodes.append(node("Softmax", ["two_last" if last else "two_raw"], "two_map", axis=axis))
    weights = {
        "w": WEIGHTS["w"],
        "v4": RNG.standard_normal((4, 6, 1, 1)).astype(np.float32),
        "v2": RNG.standard_normal((2, 6, 1, 1)).astype(np.float32),
    }
    shape = ("n", "h", "w", 3) if last else ("n", 3, "h", "w")
    proto = model(nodes, shape=shape, weights=weights, outputs=ends, opset=13)
    x = np.moveaxis(X, 1, -1) if last else X
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        (prediction,) = ours.predict(x)
        assert prediction.meaning == "boxes"
        assert {one.index for one in prediction.boxes} <= {1}
        (target,) = ours.attribute(x).targets
        assert (target.output, target.channel) == ("two_map", 1)
