"""Models to be refused, and how a refusal is checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from inspector.errors import InspectorError, InvalidModelError
from inspector.model.read import read_model
from tests.support.graphs import FLOAT, model, node

FILTERS = np.ones((4, 3, 3, 3), np.float32)


def small(**changes: Any) -> onnx.ModelProto:
    """Return a convolution and a rectifier."""
    nodes = [node("Conv", ["x", "w"], "a"), node("Relu", ["a"], "y")]
    return model(nodes, weights={"w": FILTERS}, **changes)


def refused(
    proto: onnx.ModelProto | bytes,
    match: str,
    *,
    error: type[InspectorError] = InvalidModelError,
    **options: Any,
) -> InspectorError:
    """Check that reading raises `error` with a message that matches, and return it."""
    data = proto if isinstance(proto, bytes) else proto.SerializeToString()
    with pytest.raises(error, match=match) as caught:
        read_model(data, **options)
    return caught.value


def nested(depth: int) -> onnx.ModelProto:
    """Return a model with If within If, `depth` deep."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["i"])],
        "g",
        [],
        [helper.make_tensor_value_info("i", FLOAT, None)],
    )
    for level in range(depth):
        name = f"o{level}"
        branch = helper.make_node("If", ["c"], [name], then_branch=graph, else_branch=graph)
        graph = helper.make_graph([branch], "g", [], [helper.make_tensor_value_info(name, FLOAT, None)])
        if level >= 3:
            for attribute in graph.node[0].attribute:
                if attribute.name == "else_branch":
                    attribute.g.CopyFrom(onnx.GraphProto())
    proto = small()
    proto.graph.initializer.append(numpy_helper.from_array(np.array(True), "c"))
    proto.graph.node.extend(graph.node)
    return proto
