"""The step of the quantizer that an output comes from."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from inspector.graph.code_step import code_step
from tests.support.graphs import model, node
from tests.support.quantized_cnn import quantized_cnn


@pytest.mark.parametrize(
    ("tensor", "step"),
    [
        ("scores_d", 8 / 255),
        ("scores_q", 1.0),
        ("scores", None),
        ("relu0_d", 6 / 255),
        ("flat", None),  # a mean of codes
        ("nowhere", None),
        ("x", None),
    ],
)
def test_steps(tensor: str, step: float | None) -> None:
    found = code_step(ir.serde.deserialize_model(quantized_cnn()), tensor)
    assert found == pytest.approx(step, rel=1e-6) if step is not None else found is None


def test_it_is_the_same_behind_what_only_moves_values_and_the_largest_of_several() -> None:
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], "q", axis=1),
        node("DequantizeLinear", ["q", "s", "z"], "d", axis=1),
        node("Transpose", ["d"], "t", perm=[0, 2, 3, 1]),
        node("Flatten", ["t"], "y"),
        node("Sigmoid", ["y"], "p"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {
        "s": np.array([0.1, 0.4, 0.2], np.float32),
        "z": np.zeros(3, np.uint8),
    }
    graph = ir.serde.deserialize_model(model(nodes, weights=weights, opset=17))
    assert code_step(graph, "y") == pytest.approx(0.4)
    assert code_step(graph, "p") is None
