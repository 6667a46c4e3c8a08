"""Nodes that contradict themselves: refused by an error of ours, or left to whoever runs them; nothing hangs."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import onnx
import pytest

from inspector.errors import InspectorError, InvalidModelError
from inspector.model.read import read_model
from tests.support.graphs import model, node


def test_a_node_with_too_many_inputs_is_named() -> None:
    proto = model([node("Relu", ["x", "x"], "y")])
    with pytest.raises(InvalidModelError, match=r"'y' \(Relu\) has 2 inputs; the operator takes 1 at most"):
        read_model(proto.SerializeToString())


@pytest.mark.parametrize(
    ("op_type", "inputs", "left_out"),
    [("Concat", ["x", ""], 1), ("Add", ["", "x"], 0), ("Max", ["x", "", "x"], 1)],
    ids=["Concat", "Add", "Max"],
)
def test_an_input_that_is_needed_and_left_out_is_named(
    op_type: str, inputs: list[str], left_out: int
) -> None:
    attributes = {"axis": 1} if op_type == "Concat" else {}
    proto = model([node(op_type, inputs, "y", **attributes)])
    with pytest.raises(InvalidModelError, match=rf"'y' \({op_type}\) leaves out its input {left_out}"):
        read_model(proto.SerializeToString())


def test_an_input_that_may_be_left_out_is_no_error() -> None:
    proto = model(
        [node("Resize", ["x", "", "scales"], "y"), node("Clip", ["y", "", "high"], "z")],
        weights={"scales": np.array([1, 1, 2, 2], np.float32), "high": np.float32(1)},
    )
    assert [layer.name for layer in read_model(proto.SerializeToString()).layers] == ["y", "z"]


NOT_THERE = {
    "five of four": node("Transpose", ["x"], "y", perm=[0, 1, 2, 3, 4]),
    "beyond": node("Transpose", ["x"], "y", perm=[0, 3, 7, 1]),
    "one of four": node("Transpose", ["x"], "y", perm=[1]),
    "twice": node("Transpose", ["x"], "y", perm=[0, 0, 2, 3]),
    "six letters": node("Einsum", ["x"], "y", equation="abcdef->a"),
    "a tenth axis": node("Squeeze", ["x"], "y", axes=[9]),
    "joined along a tenth": node("Concat", ["x", "x"], "y", axis=9),
    "cut along a tenth": node("Split", ["x"], ["y", "rest"], axis=9),
    "normalized along a tenth": node("Softmax", ["x"], "y", axis=9),
    "a window of one axis": node("MaxPool", ["x"], "y", kernel_shape=[2]),
    "a stride of nothing": node("MaxPool", ["x"], "y", kernel_shape=[2, 2], strides=[0, 0]),
}


@pytest.mark.parametrize("name", NOT_THERE)
@pytest.mark.parametrize("end", ["Relu", "Softmax"])
def test_axes_that_are_not_there_end_nothing_but_by_our_own_errors(name: str, end: str) -> None:
    with suppress(InspectorError):
        read_model(model([NOT_THERE[name], node(end, ["y"], "z")], opset=11).SerializeToString())


VAST = [2**31 - 1, 2]


@pytest.mark.parametrize(
    "bad",
    [
        node("Conv", ["x", "w"], "y", kernel_shape=VAST),
        node("MaxPool", ["x"], "y", kernel_shape=VAST),
        node("MaxPool", ["x"], "y", kernel_shape=VAST, pads=[2**30, 0, 2**30, 0]),
        node("AveragePool", ["x"], "y", kernel_shape=VAST, auto_pad="SAME_UPPER"),
        node("LpPool", ["x"], "y", kernel_shape=VAST),
        node("MaxUnpool", ["x", "places"], "y", kernel_shape=VAST),
        node("ConvTranspose", ["x", "w"], "y", kernel_shape=VAST),
    ],
    ids=lambda bad: bad.op_type,
)
def test_windows_beyond_all_measure_hang_nothing(bad: onnx.NodeProto) -> None:
    weights: dict[str, np.ndarray] = {
        "w": np.ones((3, 3, 2, 2), np.float32),
        "places": np.zeros((1, 3, 20, 17), np.int64),
    }
    used = {name: array for name, array in weights.items() if name in bad.input}
    with suppress(InspectorError):
        read_model(model([bad, node("Relu", ["y"], "z")], weights=used).SerializeToString())
