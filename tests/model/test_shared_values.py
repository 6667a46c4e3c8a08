"""Graphs in which every value is read twice, level upon level: each value is looked at once, not once per way to it."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.grad.policies.saturation import cuts_off_negatives
from inspector.model.codes import carries_signal
from inspector.model.shapes.values import MAX_DEPTH, shape_value
from tests.support.graphs import model, node

pytestmark = pytest.mark.timeout(30)
LEVELS = MAX_DEPTH - 4


def doubled(first: onnx.NodeProto, op_type: str) -> ir.Graph:
    """Return the graph of `first`, which gives s0, and s1 = op(s0, s0), s2 = op(s1, s1), …"""
    levels = [node(op_type, [f"s{i}", f"s{i}"], f"s{i + 1}") for i in range(LEVELS)]
    return ir.from_proto(model([first, *levels], shape=(1, 3, 4, 4), outputs=[f"s{LEVELS}"])).graph


def test_values_of_shapes() -> None:
    graph = doubled(node("Size", ["x"], "s0"), "Max")

    assert shape_value(graph.outputs[0], {"x": (None, 3, 4, 4)}) is None

    graph = doubled(node("Shape", ["x"], "s0", start=1), "Max")

    found = shape_value(graph.outputs[0], {"x": (1, 3, 4, 4)})
    assert found is not None
    assert found.tolist() == [3, 4, 4]


def test_signals_of_scales() -> None:
    graph = doubled(node("DynamicQuantizeLinear", ["x"], ["codes", "s0", "zero"]), "Mul")

    assert not carries_signal(graph.outputs[0])
    assert carries_signal(graph[0].outputs[0])


@pytest.mark.parametrize(("first", "rectifies"), [("Abs", False), ("Neg", True)])
def test_signs_of_what_is_quantized(first: str, rectifies: bool) -> None:
    scale = np.asarray(0.5, np.float32)
    levels = [node("Add", [f"s{i}", f"s{i}"], f"s{i + 1}") for i in range(LEVELS)]
    quantized = [
        node("QuantizeLinear", [f"s{LEVELS}", "scale"], "q"),
        node("DequantizeLinear", ["q", "scale"], "real"),
        node("Neg", ["real"], "y"),
    ]
    nodes = [node(first, ["x"], "s0"), *levels, *quantized]
    graph = ir.from_proto(model(nodes, shape=(1, 3, 4, 4), weights={"scale": scale})).graph
    quantizer = next(each for each in graph if each.op_type == "QuantizeLinear")

    assert cuts_off_negatives(quantizer) is rectifies
