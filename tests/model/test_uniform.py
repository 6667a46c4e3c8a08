"""The number that all elements of a tensor are, in the ways that graphs write it."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.model.uniform import uniform_of
from tests.support.graphs import model, node
from tests.support.rectified import Pen

WEIGHTS: dict[str, np.ndarray | np.generic] = {
    "zero": np.float32(0), "two": np.full((1, 1), 2, np.float32), "many": np.full((1, 3, 1, 1), 5, np.float32),
    "mixed": np.array([0, 1], np.float32), "shape": np.array([1, 3]), "half": np.float64(2.5), "empty": np.zeros(0),
    "flags": np.array([True, True]), "names": np.array(["a"], object),
}  # fmt: skip


def found(nodes: list[onnx.NodeProto], name: str) -> float | None:
    graph = ir.from_proto(model([*nodes, node("Identity", ["x"], "end")], weights=WEIGHTS)).graph
    values = {
        value.name: value for one in graph for value in (*one.inputs, *one.outputs) if value is not None
    }
    values |= {value.name: value for value in graph.initializers.values()}
    return uniform_of(values[name])


def y(op_type: str, *inputs: str, **attributes: Any) -> list[onnx.NodeProto]:
    return [node("Shape", ["x"], "s"), node(op_type, list(inputs), "y", **attributes)]


@pytest.mark.parametrize(
    ("nodes", "number"),
    [
        (y("Identity", "zero"), 0),
        (y("Identity", "two"), 2),
        (y("Neg", "many"), -5),
        (y("ConstantOfShape", "s"), 0),
        (y("ConstantOfShape", "s", value=onnx.numpy_helper.from_array(np.array([7], np.int64))), 7),
        (y("Expand", "two", "s"), 2),
        (y("Mul", "x", "zero"), 0),
        (y("Mul", "zero", "x"), 0),
        (y("Sub", "x", "x"), 0),
        (y("Add", "two", "many"), 7),
        (y("Max", "two", "zero"), 2),
        (y("Cast", "half", to=onnx.TensorProto.INT64), 2),
        (y("Cast", "flags", to=onnx.TensorProto.FLOAT), 1),
        (y("Identity", "mixed"), None),
        (y("Identity", "x"), None),
        (y("Mul", "x", "two"), None),
        (y("Sub", "x", "two"), None),
        (y("Identity", "empty"), None),
        (y("Relu", "zero"), None),
    ],
    ids=lambda value: value[-1].op_type if isinstance(value, list) else str(value),
)
def test_one_number(nodes: list[onnx.NodeProto], number: float | None) -> None:
    assert found(nodes, "y") == number


def test_every_zero_of_an_exporter_is_seen() -> None:
    for seed in range(40):
        pen = Pen("p", np.random.default_rng(seed))
        zero = pen.zero("x")
        proto = model(
            [*pen.nodes, node("Add", ["x", zero], "y")], shape=(1, 4, 5, 5), weights=pen.weights, opset=14
        )
        assert uniform_of(ir.from_proto(proto).graph[-1].inputs[1]) == 0.0
