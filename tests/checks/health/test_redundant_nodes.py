"""Nodes that change nothing, or are there twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.checks.health.planted import Values, between, findings, found, toy
from tests.support.graphs import model, node

HANDS_ON: Mapping[str, tuple[str, Sequence[onnx.NodeProto], Values]] = {
    "Identity": ("relu1", [node("Identity", ["relu1"], "n")], {}),
    "Dropout": ("relu1", [node("Dropout", ["relu1"], "n")], {}),
    "Dropout out of training": (
        "relu1",
        [node("Dropout", ["relu1", "ratio", "mode"], "n")],
        {"ratio": np.float32(0.5), "mode": np.bool_(False)},
    ),
    "Cast": ("relu1", [node("Cast", ["relu1"], "n", to=TensorProto.FLOAT)], {}),
    "Transpose of nothing": ("relu1", [node("Transpose", ["relu1"], "n", perm=[0, 1, 2, 3])], {}),
    "Reshape": ("flat", [node("Reshape", ["flat", "s"], "n")], {"s": np.array([-1, 288])}),
    "Reshape of maps": ("relu1", [node("Reshape", ["relu1", "s"], "n")], {"s": np.array([0, 6, 16, 16])}),
    "Flatten": ("flat", [node("Flatten", ["flat"], "n")], {}),
    "Expand": ("flat", [node("Expand", ["flat", "s"], "n")], {"s": np.array([1, 288])}),
    "Slice": (
        "relu1",
        [node("Slice", ["relu1", "a", "b", "c"], "n")],
        {"a": np.array([0]), "b": np.array([99]), "c": np.array([1])},
    ),
    "Concat": ("relu1", [node("Concat", ["relu1"], "n", axis=1)], {}),
    "Sum": ("relu1", [node("Sum", ["relu1"], "n")], {}),
    "Pad": ("relu1", [node("Pad", ["relu1", "s"], "n")], {"s": np.zeros(8, np.int64)}),
    "Add": ("relu1", [node("Add", ["relu1", "s"], "n")], {"s": np.float32(0)}),
    "Add from the left": ("relu1", [node("Add", ["s", "relu1"], "n")], {"s": np.zeros((6, 1, 1), np.float32)}),
    "Mul": ("relu1", [node("Mul", ["relu1", "s"], "n")], {"s": np.ones((1, 6, 1, 1), np.float32)}),
    "Div": ("relu1", [node("Div", ["relu1", "s"], "n")], {"s": np.float32(1)}),
    "MaxPool": ("relu1", [node("MaxPool", ["relu1"], "n", kernel_shape=[1, 1])], {}),
    "Relu of Relu": ("relu1", [node("Relu", ["relu1"], "n")], {}),
    "Relu of pooled Relu": ("pool1", [node("Relu", ["pool1"], "n")], {}),
    "Clip of Relu": ("relu1", [node("Clip", ["relu1", "s"], "n")], {"s": np.float32(0)}),
}  # fmt: skip


@pytest.mark.parametrize("name", HANDS_ON)
def test_a_node_that_changes_nothing_is_found(name: str) -> None:
    tensor, nodes, values = HANDS_ON[name]
    assert found(between(tensor, nodes, values)) == [("redundant-nodes", "n")]


DOES_SOMETHING: Mapping[str, tuple[str, Sequence[onnx.NodeProto], Values]] = {
    "Cast to another type": (
        "relu1",
        [node("Cast", ["relu1"], "half", to=TensorProto.FLOAT16), node("Cast", ["half"], "n", to=TensorProto.FLOAT)],
        {},
    ),
    "Dropout in training": (
        "relu1",
        [node("Dropout", ["relu1", "ratio", "mode"], "n")],
        {"ratio": np.float32(0.5), "mode": np.bool_(True)},
    ),
    "Transpose": ("relu1", [node("Transpose", ["relu1"], "n", perm=[0, 1, 3, 2])], {}),
    "Slice that turns around": (
        "relu1",
        [node("Slice", ["relu1", "a", "b", "c", "d"], "n")],
        {"a": np.array([-1]), "b": np.array([-99]), "c": np.array([1]), "d": np.array([-1])},
    ),
    "Slice of images": (
        "flat",
        [node("Slice", ["flat", "a", "b", "c"], "n")],
        {"a": np.array([0]), "b": np.array([1]), "c": np.array([0])},
    ),
    "Reshape that mixes images": ("flat", [node("Reshape", ["flat", "s"], "n")], {"s": np.array([1, -1])}),
    "Pad": ("relu1", [node("Pad", ["relu1", "s"], "n")], {"s": np.array([0, 0, 1, 0, 0, 0, -1, 0])}),
    "Add": ("relu1", [node("Add", ["relu1", "s"], "n")], {"s": np.eye(6, 1, dtype=np.float32)[..., None]}),
    "Sub from": ("relu1", [node("Sub", ["s", "relu1"], "n")], {"s": np.float32(0)}),
    "Div by": ("relu1", [node("Div", ["s", "relu1"], "n")], {"s": np.float32(1)}),
    "Relu of LeakyRelu": ("conv2", [node("LeakyRelu", ["conv2"], "n")], {}),
    "Clip at 6": ("relu1", [node("Clip", ["relu1", "a", "b"], "n")], {"a": np.float32(0), "b": np.float32(6)}),
    "MaxPool": ("relu1", [node("MaxPool", ["relu1"], "n", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", DOES_SOMETHING)
def test_a_node_that_changes_something_is_not(name: str) -> None:
    tensor, nodes, values = DOES_SOMETHING[name]
    assert found(between(tensor, nodes, values), "redundant-nodes", "unused-nodes") == []


def test_transposes_that_cancel_are_found() -> None:
    nodes = [
        node("Transpose", ["relu1"], "t", perm=[0, 2, 3, 1]),
        node("Transpose", ["t"], "n", perm=[0, 3, 1, 2]),
    ]
    (finding,) = findings(between("relu1", nodes))
    assert (finding.subject, finding.kind, finding.operator) == ("n", "node", "Transpose")
    assert "undoes 't' (Transpose) before it" in finding.message


def test_a_relu_behind_pooled_padding_below_zero_is_none_of_those() -> None:
    nodes = [
        node("Sub", ["relu1", "one"], "below"),
        node("MaxPool", ["below"], "pooled", kernel_shape=[2, 2]),
        node("Relu", ["pooled"], "n"),
    ]
    assert found(between("relu1", nodes, {"one": np.float32(1)}), "redundant-nodes") == []


def test_nodes_that_are_there_twice_are_found_and_those_that_follow_them() -> None:
    nodes = [
        node("Conv", ["x", "w1", "b1"], "conv1b", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["conv1b"], "relu1b"),
        node("Add", ["relu1", "relu1b"], "n"),
    ]
    proto = between("relu1", nodes)
    assert [subject for _, subject in found(proto)] == ["conv1b", "relu1b"]
    assert "gives the same as 'conv1'" in findings(proto)[0].message


def test_nodes_with_other_attributes_or_weights_are_not_the_same() -> None:
    nodes = [
        node("Conv", ["x", "w1", "b1"], "wide", kernel_shape=[3, 3], pads=[2, 2, 2, 2], dilations=[2, 2]),
        node("Conv", ["x", "other", "b1"], "differs", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Sum", ["relu1", "wide", "differs"], "n"),
    ]
    other = np.random.default_rng(1).standard_normal((6, 3, 3, 3)).astype(np.float32)
    assert found(between("relu1", nodes, {"other": other})) == []


def test_nodes_that_draw_are_not_the_same() -> None:
    nodes = [
        node("RandomNormalLike", ["relu1"], "a"),
        node("RandomNormalLike", ["relu1"], "b"),
        node("Sum", ["relu1", "a", "b"], "n"),
    ]
    assert found(between("relu1", nodes)) == []


def test_an_identity_that_gives_an_output_its_name_is_needed() -> None:
    proto = toy()
    proto.graph.node.append(node("Identity", ["relu2"], "features"))
    proto.graph.output.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, None))
    assert found(proto) == []
    proto = toy()
    proto.graph.node.append(node("Identity", ["scores"], "logits"))
    proto.graph.output[0].name = "logits"
    assert found(proto) == [("redundant-nodes", "logits")]


def test_nodes_into_which_branches_were_opened_are_not_the_file_s() -> None:
    def branch(name: str, op_type: str) -> onnx.GraphProto:
        given = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        return helper.make_graph([node(op_type, ["relu1"], name)], name, [], [given])

    nodes = [node("If", ["yes"], "n", then_branch=branch("a", "Identity"), else_branch=branch("b", "Sqrt"))]
    assert found(between("relu1", nodes, {"yes": np.bool_(True)})) == []


def test_many_findings_are_counted() -> None:
    proto = toy()
    for index in range(30):
        proto = between("relu1", [node("Identity", ["relu1"], f"n{index}")], proto=proto)
    told = findings(proto)
    assert len(told) == 21
    assert told[-1].message == "There are 10 more nodes like these."


def test_names_of_other_nodes_do_not_matter() -> None:
    proto = model(
        [node("Relu", ["x"], "a"), node("Relu", ["a"], "b"), node("Sigmoid", ["b"], "c")],
        shape=("n", 3, 8, 8),
    )
    for one in proto.graph.node:
        one.name = ""
    assert found(proto) == [("redundant-nodes", "b")]
