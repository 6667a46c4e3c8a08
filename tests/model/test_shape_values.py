"""Values that a graph computes from shapes alone."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from inspector.model.shapes.values import shape_value
from tests.support.graphs import model, node


@pytest.mark.parametrize("spelling", ["", "ai.onnx"])
def test_values_of_shapes_follow_the_opset_of_the_standard_domain(spelling: str) -> None:
    """ReduceSum takes its axes as an input since opset 13."""
    nodes = [node("Shape", ["x"], "sizes", start=1), node("ReduceSum", ["sizes", "axes"], "y", keepdims=0)]
    proto = model(nodes, shape=(1, 3, 4, 4), weights={"axes": np.asarray([0])}, opset=17)
    proto.opset_import[0].domain = spelling

    found = shape_value(ir.from_proto(proto).graph.outputs[0], {"x": (1, 3, 4, 4)})

    assert found is not None
    assert found.tolist() == 11
