"""No pixel outside a window changes a unit: every operator with a receptive-field rule, in the models of its gradient.

The windows of some operators are wider than what any one image shows (a sort, a sample at a computed place), so here
they are only bounds; tests/model/test_receptive_field.py says where they are exact.
"""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from inspector.model.read import read_model
from inspector.model.receptive.rule import FIELD_RULES
from inspector.operators.domains import STANDARD
from tests.grad.hand_made import FLOAT_CASES
from tests.model.test_receptive_field import GRAPHS, check_bounds, weights
from tests.support.graphs import model, node
from tests.support.numeric import to_float32

SHAPE = (1, 3, 9, 8)
NEWEST = 26
"""The newest opset that ONNX Runtime runs."""
NOT_RUN = {
    "DynamicSlice": "only in branches of old models",
    "RoiAlign, {'mode': 'max'}, opset 22": "the runtime has no kernel",
    "RoiAlign, {}, opset 22": "the runtime has no kernel",
    "ConvTranspose, 2-D, {'auto_pad': 'SAME_UPPER', 'strides': 2, 'output_padding': 1}": "ONNX infers another shape",
}
"""By case, the reason why the runtime cannot judge its windows."""


def _image(proto: onnx.ModelProto) -> tuple[int, ...]:
    (image,) = proto.graph.input
    return tuple(dim.dim_value for dim in image.type.tensor_type.shape.dim)


CASES = {
    case.name: case.model
    for case in FLOAT_CASES
    if len(case.model.graph.input) == 1
    and len(_image(case.model)) == 4
    and case.name not in NOT_RUN
    and case.opset <= NEWEST
}

CONV = node("Conv", ["x", "w"], "a", pads=[1, 1, 1, 1])
TWO = node("Conv", ["x", "v"], "b", pads=[1, 1, 1, 1])
WEIGHTS = {
    "w": weights(3, 3, 3, 3),
    "v": weights(3, 3, 3, 3),
    "places": np.array([[[[2] * 8, [0] * 8]] * 3]).reshape(1, 3, 2, 8),
    "updates": weights(1, 3, 2, 8),
    "points": np.array([[[0, 0], [0, 2]]]),
    "point_updates": weights(1, 2, 9, 8),
    "k": np.array([4]),
    "lengths": np.array([5]),
    "axis": np.array(3),
    "rois": np.array([[0.0, 0.0, 6.0, 7.0], [2.0, 1.0, 5.0, 5.0]], np.float32),
    "images": np.array([0, 0]),
    "grid": weights(1, 4, 5, 2),
    "offsets": weights(1, 18, 7, 6),
    "image_size": np.array([5, 5]),
    "block": np.array([3, 2]),
    "flat": np.array([1, 18, 35]),
    "step": np.array(2),
    "frame": np.array(3),
    "signal": np.array([1, 9, 1]),
    "single": weights(1, 3, 1, 8),
    "labels": np.ones((1, 9, 8), np.int64),
    "causal": weights(3, 1, 3),
    "row": np.array([2]),
    "gone": np.array([2]),
    "write": np.array([3]),
    "cache": weights(1, 3, 12, 8),
    "index": np.array([[0, 1], [0, 2]]),
}

HAND_MADE = {
    "GatherElements": (17, [CONV, node("GatherElements", ["a", "places"], "y", axis=2)], 1),
    "GatherND": (17, [CONV, node("GatherND", ["a", "index"], "y")], None),
    "ScatterElements": (17, [CONV, node("ScatterElements", ["a", "places", "updates"], "y", axis=2)], 1),
    "ScatterElements of what was computed": (
        18,
        [
            CONV,
            TWO,
            node("Split", ["b", "parts"], ["s", "rest"], axis=2),
            node("ScatterElements", ["a", "places", "s"], "y", axis=2, reduction="add"),
        ],
        1,
    ),
    "Scatter": (9, [CONV, node("Scatter", ["a", "places", "updates"], "y", axis=2)], 1),
    "ScatterND": (17, [CONV, node("ScatterND", ["a", "points", "point_updates"], "y")], 1),
    "TensorScatter": (24, [CONV, node("TensorScatter", ["cache", "a", "write"], "y")], 1),
    "TopK": (17, [CONV, node("TopK", ["a", "k"], ["y", "i"], axis=2)], 1),
    "ReverseSequence": (
        17, [CONV, node("Transpose", ["a"], "t", perm=[2, 0, 1, 3]),
            node("ReverseSequence", ["t", "lengths"], "r", batch_axis=1, time_axis=0),
            node("Transpose", ["r"], "y", perm=[1, 2, 0, 3])], 1
    ),
    "CumProd": (26, [CONV, node("CumProd", ["a", "axis"], "y")], 1),
    "RoiAlign": (
        16, [CONV, node("RoiAlign", ["a", "rois", "images"], "y", output_height=3, output_width=2)], 1
    ),
    "GridSample": (16, [CONV, node("GridSample", ["a", "grid"], "y")], 1),
    "DeformConv": (19, [CONV, node("DeformConv", ["a", "w", "offsets"], "y")], 1),
    "Col2Im": (
        18, [CONV, node("Reshape", ["a", "flat_columns"], "f"), node("Col2Im", ["f", "image_size", "block"], "y")], 1
    ),
    "MaxUnpool": (
        17,
        [
            CONV,
            node("MaxPool", ["a"], ["p", "i"], kernel_shape=[3, 2], strides=[3, 2]),
            node("MaxUnpool", ["p", "i"], "y", kernel_shape=[3, 2], strides=[3, 2]),
        ],
        1,
    ),
    "MaxUnpool at other places": (
        17, [CONV, node("MaxUnpool", ["a", "spread"], "y", kernel_shape=[2, 2], strides=[2, 2])], 1
    ),
    "STFT": (
        17,
        [
            node("ReduceMean", ["x"], "m", axes=[1, 3], keepdims=0),
            node("Unsqueeze", ["m", "gone"], "u"),
            node("STFT", ["u", "step", "", "frame"], "y"),
        ],
        None,
    ),
    "CausalConvWithState": (
        27,
        [
            node("ReduceMean", ["x", "row"], "m", keepdims=0),
            node("CausalConvWithState", ["m", "causal"], ["y", "state"]),
        ],
        1,
    ),
    "LSTM": (
        14,
        [
            node("ReduceMean", ["x"], "m", axes=[1], keepdims=0),
            node("Transpose", ["m"], "t", perm=[1, 0, 2]),
            node("LSTM", ["t", "gates", "recurrence"], "y", hidden_size=4),
        ],
        3,
    ),
    "LSTM, last state": (
        14,
        [
            node("ReduceMean", ["x"], "m", axes=[1], keepdims=0),
            node("Transpose", ["m"], "t", perm=[1, 0, 2]),
            node("LSTM", ["t", "gates", "recurrence"], ["", "h"], hidden_size=4),
            node("Relu", ["h"], "y"),
        ],
        2,
    ),
    "SwiGLU": (28, [CONV, TWO, node("SwiGLU", ["a", "b"], "y")], 1),
    "NegativeLogLikelihoodLoss": (
        13, [CONV, node("NegativeLogLikelihoodLoss", ["a", "labels"], "y", reduction="none")], None
    ),
    "SoftmaxCrossEntropyLoss": (
        13, [CONV, node("SoftmaxCrossEntropyLoss", ["a", "labels"], ["y", "l"], reduction="none")], None
    ),
    "GlobalMaxPool": (17, [CONV, node("GlobalMaxPool", ["a"], "y")], 1),
    "Gemm": (17, [CONV, node("Flatten", ["a"], "f"), node("Gemm", ["f", "dense"], "y")], 1),
}  # fmt: skip
WEIGHTS |= {
    "gates": weights(1, 16, 8),
    "recurrence": weights(1, 16, 4),
    "flat_columns": np.array([1, 18, 12]),
    "parts": np.array([2, 7]),
    "spread": np.arange(1 * 3 * 9 * 8).reshape(1, 3, 9, 8) * 4,
    "dense": weights(3 * 9 * 8, 4),
}


def hand_made(name: str) -> onnx.ModelProto:
    opset, nodes, _ = HAND_MADE[name]
    used = {item for each in nodes for item in each.input}
    known = {key: array for key, array in WEIGHTS.items() if key in used}
    return model(nodes, shape=SHAPE, weights=known, opset=opset, outputs=["y"], ir_version=10)


@pytest.mark.parametrize("name", CASES)
def test_windows_bound_what_changes_a_unit(name: str) -> None:
    check_bounds(to_float32(CASES[name]), _image(CASES[name]))


@pytest.mark.parametrize("name", [name for name, (opset, *_) in HAND_MADE.items() if opset <= NEWEST])
def test_windows_of_operators_that_move_and_sample_are_bounds(name: str) -> None:
    check_bounds(hand_made(name), SHAPE)


@pytest.mark.parametrize("name", HAND_MADE)
def test_channels_come_through(name: str) -> None:
    assert read_model(hand_made(name).SerializeToString()).layer("y").channel_axis == HAND_MADE[name][2]


def test_every_rule_is_judged() -> None:
    """Directly or, for what is kept from before ONNX 1.0 or only compares, by the family that its rule is for."""
    judged = {each.op_type for proto in CASES.values() for each in proto.graph.node}
    judged |= {each.op_type for _, nodes, _ in HAND_MADE.values() for each in nodes}
    judged |= {each.op_type for nodes in GRAPHS.values() for each in nodes}
    rules = {FIELD_RULES.get(key) for key in FIELD_RULES if key[0] == STANDARD and key[1] in judged}

    assert [key for key in FIELD_RULES if FIELD_RULES.get(key) not in rules] == []
