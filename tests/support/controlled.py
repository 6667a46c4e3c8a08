"""A small network that decides and repeats: If, Loop and Scan, as exporters write them."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.support.graphs import FLOAT, model, node

SIDE = 8


def controlled() -> bytes:
    """Return conv - If - Loop - Scan - mean - dense with 3 classes, for 3 x 8 x 8 images."""
    nodes = [
        node("Conv", ["x", "w"], "conv", pads=[1, 1, 1, 1]),
        node("ReduceMax", ["conv"], "largest", keepdims=0),
        node("Greater", ["largest", "zero"], "bright"),
        node(
            "If",
            ["bright"],
            "decided",
            then_branch=_branch("Relu", "kept"),
            else_branch=_branch("Neg", "turned"),
        ),
        node("Loop", ["three", "yes", "decided"], "looped", body=_body()),
        node("Scan", ["looped"], "scanned", body=_step(), num_scan_inputs=1),
        node("GlobalAveragePool", ["scanned"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("Gemm", ["flat", "dense"], "scores"),
    ]
    rng = np.random.default_rng(3)
    weights: dict[str, np.ndarray | np.generic] = {
        "w": rng.standard_normal((4, 3, 3, 3)).astype(np.float32),
        "dense": rng.standard_normal((4, 3)).astype(np.float32),
        "zero": np.float32(0),
        "three": np.int64(3),
        "yes": np.array(True),
    }
    return model(nodes, shape=(1, 3, SIDE, SIDE), weights=weights).SerializeToString()


def _of(name: str, kind: int = FLOAT, shape: list[int] | None = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _branch(op_type: str, name: str) -> onnx.GraphProto:
    return helper.make_graph([helper.make_node(op_type, ["conv"], [name])], name, [], [_of(name)])


def _body() -> onnx.GraphProto:
    nodes = [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Tanh", ["before"], ["after"])]
    inputs = [_of("turn", TensorProto.INT64, []), _of("go", TensorProto.BOOL, []), _of("before")]
    return helper.make_graph(nodes, "body", inputs, [_of("on", TensorProto.BOOL, []), _of("after")])


def _step() -> onnx.GraphProto:
    row = [4, SIDE, SIDE]
    nodes = [helper.make_node("Abs", ["slice"], ["size"])]
    return helper.make_graph(nodes, "step", [_of("slice", shape=row)], [_of("size", shape=row)])
