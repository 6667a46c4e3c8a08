"""Rules where the image decides what is a constant in most models: filters, matrices, grids, regions."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from tests.support.graphs import model, node
from tests.support.numeric import backward_of


@pytest.mark.parametrize(
    ("computed_from", "batchable"),
    [("weights", True), ("x", False)],
)
@pytest.mark.parametrize("op_type", ["Conv", "Gemm", "MatMul", "Mul"])
def test_only_what_the_image_computes_keeps_seeds_apart(
    op_type: str, computed_from: str, batchable: bool
) -> None:
    shape = (1, 2, 3, 3) if op_type == "Conv" else (1, 4)
    weights: dict[str, np.ndarray] = {
        "weights": np.ones(shape, np.float32),
        "w": np.ones((2, 2, 1, 1) if op_type == "Conv" else (4, 4)),
    }
    weights["w"] = np.ones(4, np.float32) if op_type == "Mul" else weights["w"].astype(np.float32)
    nodes = [
        node("ReduceMean", [computed_from], "m", keepdims=0),
        node("Mul", ["w", "m"], "k"),
        node(op_type, ["x", "k"], "y"),
    ]
    proto = model(nodes, shape=shape, weights=weights)
    values: dict[str, np.ndarray] = {
        "x": np.ones(shape),
        "m": np.ones(()),
        "k": weights["w"],
        "y": np.ones(shape),
    }

    written = backward_of(proto, values, wrt="x", source="y", dtype=ir.DataType.FLOAT)

    assert written.batchable is batchable
