"""Traits that decide how a graph is run."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.graph.opset import set_standard_opset, standard_opset
from inspector.graph.traits import Traits, find_traits
from tests.support.graphs import model, node

SCALE: dict[str, np.ndarray | np.generic] = {"s": np.asarray(0.1, np.float32), "z": np.asarray(0, np.uint8)}


@pytest.mark.parametrize(
    ("nodes", "traits"),
    [
        ([node("Relu", ["x"], "y")], Traits(has_qdq=False)),
        (
            [node("QuantizeLinear", ["x", "s", "z"], "q"), node("DequantizeLinear", ["q", "s", "z"], "y")],
            Traits(has_qdq=True),
        ),
    ],
    ids=["float", "QDQ"],
)
def test_traits(nodes: list[onnx.NodeProto], traits: Traits) -> None:
    assert find_traits(ir.from_proto(model(nodes, weights=SCALE))) == traits


@pytest.mark.parametrize("spelling", ["", "ai.onnx"])
def test_the_standard_opset_by_either_spelling(spelling: str) -> None:
    proto = model([node("Relu", ["x"], "y")], opset=11)
    proto.opset_import[0].domain = spelling
    graph = ir.from_proto(proto)

    assert standard_opset(graph) == 11
    set_standard_opset(graph, 12)
    assert graph.opset_imports == {"": 12}
