"""What methods read off the graph, they read once: not in every call."""

from __future__ import annotations

import numpy as np
import pytest

import inspector
from inspector import Class
from inspector.engine import engine
from inspector.methods import planes
from inspector.methods.attribution import token_layers
from tests.support.all_tails import all_tails
from tests.support.graphs import model, node
from tests.support.tails import SIDE, network


def again(*_args: object, **_named: object) -> None:
    raise AssertionError("the graph is read again")


@pytest.mark.parametrize("size", [16, "s"])
def test_a_second_class_activation_map_walks_no_graph(
    monkeypatch: pytest.MonkeyPatch, size: int | str
) -> None:
    filters = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    dense = np.random.default_rng(1).standard_normal((4, 5)).astype(np.float32)
    graph = model(
        [
            node("Conv", ["x", "w"], "c"),
            node("Relu", ["c"], "r"),
            node("GlobalAveragePool", ["r"], "p"),
            node("Flatten", ["p"], "f"),
            node("MatMul", ["f", "d"], "y"),
        ],
        shape=(1, 3, size, size),
        weights={"w": filters, "d": dense},
    )
    loaded = inspector.load(graph.SerializeToString(), device="cpu")
    x = np.random.default_rng(2).random((1, 3, 16, 16), np.float32)
    first = loaded.attribute(x, method="gradcam").maps

    monkeypatch.setattr(engine, "way", again)
    monkeypatch.setattr(planes, "_layers_with_maps", again)
    monkeypatch.setattr(token_layers, "_layers_of_tokens", again)
    monkeypatch.setattr("inspector.graph.batch.plan.shapes_at", again)
    monkeypatch.setattr("inspector.engine.sized.trace_fields", again)
    monkeypatch.setattr("inspector.engine.pass_plan._planned", again)
    monkeypatch.setattr("inspector.methods.placing._placed", again)
    monkeypatch.setattr("inspector.methods.placing.placing", again)

    np.testing.assert_array_equal(loaded.attribute(x, method="gradcam").maps, first)


def test_a_second_box_on_images_of_a_free_size_infers_no_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    tail = all_tails()["maps of several boxes per place"]
    proto = network(tail, seed=1, batch="n")
    for dim, name in zip(proto.graph.input[0].type.tensor_type.shape.dim[2:], "hw", strict=True):
        dim.dim_param = name
    for output in proto.graph.output:
        output.type.tensor_type.ClearField("shape")
    loaded = inspector.load(proto.SerializeToString(), device="cpu", labels=tail.labels)
    x = np.random.default_rng(1).uniform(-1, 1, (1, 3, SIDE, SIDE)).astype(np.float32)
    first = loaded.attribute(x, method="gradcam", target=Class(0)).maps

    monkeypatch.setattr("inspector.graph.sized.infer_shapes", again)

    np.testing.assert_array_equal(loaded.attribute(x, method="gradcam", target=Class(0)).maps, first)
