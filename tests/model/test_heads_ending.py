"""How graphs end: where a classifier's scores, its probabilities and its features are."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.model.checks.limits import Limits
from inspector.model.heads.context import context_of
from inspector.model.heads.ending import find_ending
from inspector.model.shapes.infer import infer_shapes
from tests.support.graphs import model, node

DENSE = [
    node("GlobalAveragePool", ["x"], "pool"),
    node("Flatten", ["pool"], "flat"),
    node("Gemm", ["flat", "w"], "logits"),
]
CONV = [
    node("Relu", ["x"], "relu"),
    node("Conv", ["relu", "k"], "conv"),
    node("GlobalAveragePool", ["conv"], "mean"),
]
WEIGHTS: dict[str, np.ndarray | np.generic] = {
    "w": np.ones((3, 4), np.float32),
    "k": np.ones((4, 3, 1, 1), np.float32),
    "b": np.ones(4, np.float32),
}


Found = tuple[str, str, str | None, int | None]
"""The scores, their activation, the features, and the axis of a Softmax."""


def found(proto: onnx.ModelProto, output: str | None = None) -> Found:
    shapes, _ = infer_shapes(proto, "x", limits=Limits())
    graph = ir.from_proto(proto)
    value = next(v for v in graph.graph.outputs if output in (None, v.name))
    ending = find_ending(value, context_of(graph, shapes))
    return ending.scores, ending.activation, ending.features, ending.axis


def head(*nodes: onnx.NodeProto) -> Found:
    return found(model(nodes, weights=WEIGHTS))


def test_scores_at_the_end() -> None:
    assert head(*DENSE) == ("logits", "none", "flat", None)


@pytest.mark.parametrize(
    ("op_type", "activation", "axis"),
    [
        ("Softmax", "softmax", 1),
        ("LogSoftmax", "log_softmax", 1),
        ("Sigmoid", "sigmoid", None),
        ("HardSigmoid", "sigmoid", None),
    ],
)
def test_scores_before_the_activation(op_type: str, activation: str, axis: int | None) -> None:
    assert head(*DENSE, node(op_type, ["logits"], "y")) == ("logits", activation, "flat", axis)


@pytest.mark.parametrize(
    ("opset", "shape", "attributes", "axis"),
    [
        (11, (1, 3, 1, 1), {}, 1),
        (11, (1, 3, 4, 4), {}, None),  # over channels, rows and columns together
        (13, (1, 3, 4, 4), {}, 3),
        (11, (1, 3, 4, 1), {"axis": 2}, 2),
        (13, (1, 3, 4, 4), {"axis": -3}, 1),
    ],
)
def test_the_axis_that_a_softmax_runs_along(
    opset: int, shape: tuple[int, ...], attributes: dict[str, Any], axis: int | None
) -> None:
    proto = model([node("Softmax", ["x"], "y", **attributes)], opset=opset, shape=shape)

    assert found(proto, "y")[3] == axis


def test_what_only_hands_the_scores_on_is_passed_over() -> None:
    shaped = [
        node("Softmax", ["logits"], "p"),
        node("Unsqueeze", ["p", "axis"], "u"),
        node("Identity", ["u"], "y"),
    ]
    proto = model([*DENSE, *shaped], weights=WEIGHTS | {"axis": np.asarray([1])})

    assert found(proto, "y") == ("logits", "softmax", "flat", 1)


def test_features_before_a_dense_layer_with_a_bias_of_its_own() -> None:
    nodes = [*DENSE[:2], node("MatMul", ["flat", "w"], "product"), node("Add", ["b", "product"], "y")]

    assert head(*nodes)[2] == "flat"


def test_features_before_a_last_convolution() -> None:
    """SqueezeNet ends in a 1×1 convolution, a global average and a Softmax."""
    assert head(*CONV, node("Softmax", ["mean"], "y", axis=1)) == ("mean", "softmax", "relu", 1)


def test_a_gate_in_the_middle_is_no_head() -> None:
    assert head(node("Sigmoid", ["x"], "gate"), node("Mul", ["x", "gate"], "y")) == ("y", "none", None, None)


def test_an_activation_alone() -> None:
    assert head(node("Softmax", ["x"], "y")) == ("x", "softmax", None, 3)


# --- quantized models

_SCALES: dict[str, np.ndarray | np.generic] = {
    "s": np.float32(0.1),
    "z": np.uint8(0),
    "wq": np.ones((3, 4), np.uint8),
    "kq": np.ones((4, 3, 1, 1), np.uint8),
}
MICROSOFT: dict[str, Any] = {"domain": "com.microsoft"}
QUANTIZED = {
    "QGemm on codes made here": (
        [
            node("QuantizeLinear", ["flat", "s", "z"], "q"),
            node("QGemm", ["q", "s", "z", "wq", "s", "z", "", "s", "z"], "qy", **MICROSOFT),
            node("DequantizeLinear", ["qy", "s", "z"], "y"),
        ],
        ("y", "none", "flat"),
    ),
    "QLinearMatMul and QLinearAdd": (
        [
            node("QuantizeLinear", ["flat", "s", "z"], "q"),
            node("QLinearMatMul", ["q", "s", "z", "wq", "s", "z", "s", "z"], "product"),
            node("QLinearAdd", ["product", "s", "z", "wq", "s", "z", "s", "z"], "qy", **MICROSOFT),
            node("DequantizeLinear", ["qy", "s", "z"], "y"),
        ],
        ("y", "none", "flat"),
    ),
    "codes that an operator gave": (
        [
            node("QuantizeLinear", ["flat", "s", "z"], "q"),
            node("QLinearSigmoid", ["q", "s", "z", "s", "z"], "codes", **MICROSOFT),
            node("QGemm", ["codes", "s", "z", "wq", "s", "z", "", "s", "z"], "qy", **MICROSOFT),
            node("QLinearSoftmax", ["qy", "s", "z", "s", "z"], "qp", **MICROSOFT),
            node("DequantizeLinear", ["qp", "s", "z"], "y"),
        ],
        ("qy", "softmax", "codes"),
    ),
    "dynamic, the scale first": (
        [
            node("DynamicQuantizeLinear", ["flat"], ["q", "qs", "qz"]),
            node("MatMulInteger", ["q", "wq", "qz", "z"], "i"),
            node("Cast", ["i"], "f", to=1),
            node("Mul", ["qs", "s"], "scale"),
            node("Mul", ["scale", "f"], "product"),
            node("Add", ["product", "b"], "logits"),
            node("Softmax", ["logits"], "y"),
        ],
        ("logits", "softmax", "flat"),
    ),
    "a quantized Softmax": (
        [
            node("Gemm", ["flat", "w"], "logits"),
            node("Softmax", ["logits"], "p"),
            node("QuantizeLinear", ["p", "s", "z"], "q"),
            node("DequantizeLinear", ["q", "s", "z"], "y"),
        ],
        ("logits", "softmax", "flat"),
    ),
}


@pytest.mark.parametrize("name", QUANTIZED)
def test_heads_of_quantized_models(name: str) -> None:
    nodes, (scores, activation, features) = QUANTIZED[name]
    proto = model([*DENSE[:2], *nodes], weights=WEIGHTS | _SCALES)
    proto.opset_import.add(domain="com.microsoft", version=1)

    assert found(proto, "y")[:3] == (scores, activation, features)
