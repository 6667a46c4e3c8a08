"""Constants that a graph quantizes itself have the codes that ONNX Runtime gives them."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from inspector.model.const import constant_value
from tests.support.graphs import Exposed, model, node

W = np.random.default_rng(0).normal(0, 3, (4, 3, 2)).astype(np.float32)
SCALES = np.asarray([0.5, 0.25, 0.01], np.float32)
CASES: dict[str, tuple[np.ndarray | np.generic, np.ndarray | np.generic | None, dict[str, int]]] = {
    "per tensor, unsigned": (np.float32(0.1), np.uint8(128), {}),
    "per tensor, signed, ties": (np.float32(0.5), np.int8(-3), {}),
    "per axis": (SCALES, np.asarray([0, 3, -7], np.int8), {"axis": 1}),
    "no zero point": (np.float32(0.2), None, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_quantized_constants_are_those_of_the_runtime(name: str) -> None:
    scale, zero, attributes = CASES[name]
    inputs = ["w", "s"] if zero is None else ["w", "s", "z"]
    weights: dict[str, np.ndarray | np.generic] = {
        "w": np.round(4 * W) / 4 if "ties" in name else W,
        "s": scale,
    }
    weights |= {} if zero is None else {"z": zero}
    nodes = [node("QuantizeLinear", inputs, "q", **attributes), node("Identity", ["x"], "y")]
    proto = model(nodes, weights=weights, outputs=["y", "q"])

    (quantizer, _) = ir.from_proto(proto).graph
    found = constant_value(quantizer.outputs[0])
    expected = Exposed(proto, ["q"]).run(np.zeros((1, 3, 20, 17), np.float32))["q"]

    assert found is not None
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
