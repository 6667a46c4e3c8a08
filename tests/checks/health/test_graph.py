"""Rules about nodes and weights that do nothing, lead nowhere or come from nowhere."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import inspector
from tests.checks.health.planted import RULES, Values, between, findings, found, toy
from tests.support.graphs import node
from tests.support.zoo import find_zoo, zoo_models


def test_a_model_without_superfluous_nodes_gives_no_finding() -> None:
    assert found(toy()) == []


# --- normalizations


def normalized(*, shared: bool = False, mean: str = "zeros") -> onnx.ModelProto:
    """Return the toy with a normalization behind its first convolution."""
    values: Values = {"ones": np.ones(6, np.float32), "zeros": np.zeros(6, np.float32)}
    nodes = [node("BatchNormalization", ["conv1", "ones", "zeros", mean, "ones"], "normal")]
    if shared:
        nodes.append(node("Add", ["normal", "conv1"], "n"))
    return between("conv1", nodes, values)


def test_a_normalization_behind_a_convolution_could_be_folded() -> None:
    (finding,) = findings(normalized())
    assert (finding.id, finding.subject, finding.severity) == ("foldable-normalization", "normal", "info")
    assert "1 normalization could be part of the weights" in finding.message


def test_a_normalization_of_what_others_read_too_could_not() -> None:
    assert found(normalized(shared=True)) == []


def test_a_normalization_without_a_convolution_could_not() -> None:
    values: Values = {"ones": np.ones(6, np.float32), "zeros": np.zeros(6, np.float32)}
    nodes = [node("BatchNormalization", ["relu1", "ones", "zeros", "zeros", "ones"], "normal")]
    assert found(between("relu1", nodes, values)) == []


# --- probabilities of probabilities


@pytest.mark.parametrize("outer", ["Softmax", "Sigmoid", "LogSoftmax"])
@pytest.mark.parametrize("inner", ["Softmax", "Sigmoid"])
def test_what_was_squashed_already_is_found(outer: str, inner: str) -> None:
    nodes = [
        node(inner, ["flat"], "inner"),
        node("Identity", ["inner"], "named"),
        node(outer, ["named"], "n"),
    ]
    assert found(between("flat", nodes), "squashed-twice") == [("squashed-twice", "n")]


def test_a_gate_between_layers_is_no_second_softmax() -> None:
    nodes = [
        node("Sigmoid", ["flat"], "gate"),
        node("Mul", ["flat", "gate"], "swish"),
        node("Softmax", ["swish"], "n"),
    ]
    assert found(between("flat", nodes), "squashed-twice") == []
    assert found(between("flat", [node("Softmax", ["flat"], "n")]), "squashed-twice") == []


# --- what no node reads, no output uses, no input reaches


def test_weights_that_no_node_reads_are_found() -> None:
    proto = toy()
    proto.graph.initializer.append(numpy_helper.from_array(np.ones((4, 3), np.float32), "lost"))
    (finding,) = findings(proto)
    assert (finding.id, finding.subject, finding.kind) == ("unused-initializers", "lost", "tensor")
    assert finding.message == "No node reads the initializer 'lost' (4×3, float32)."
    assert finding.measured == "12 numbers"


def test_scraps_of_the_export_are_told_where_they_are_asked_for() -> None:
    proto = toy()
    for name, value in {"steps": np.int64(7), "shape": np.array([1, -1]), "factor": np.float32(2)}.items():
        proto.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    assert found(proto) == []
    told = found(proto, "unused-initializers", **{"unused-initializers.scraps": True})
    assert [subject for _, subject in told] == ["steps", "shape", "factor"]


def test_a_branch_that_leads_nowhere_is_found_by_its_end() -> None:
    proto = toy()
    proto.graph.node.extend([node("GlobalAveragePool", ["relu2"], "pooled"), node("Sqrt", ["pooled"], "end")])
    (finding,) = findings(proto)
    assert (finding.id, finding.subject, finding.operator) == ("unused-nodes", "end", "Sqrt")
    assert finding.measured == "2 nodes unused in all"


def test_what_only_a_graph_within_a_node_reads_is_used() -> None:
    given = helper.make_tensor_value_info("a", TensorProto.FLOAT, None)
    branch = helper.make_graph([node("Sqrt", ["outside"], "a")], "branch", [], [given])
    nodes = [
        node("Abs", ["relu1"], "outside"),
        node("ReduceMax", ["x"], "most", keepdims=0),
        node("Cast", ["most"], "is_any", to=TensorProto.BOOL),
        node("If", ["is_any"], "n", then_branch=branch, else_branch=branch),
    ]
    assert found(between("relu1", nodes), "unused-nodes", "unreached-layers", "unused-initializers") == []


def test_a_layer_that_reads_a_constant_in_place_of_the_image_is_found() -> None:
    nodes = [
        node("Conv", ["traced", "w1", "b1"], "frozen", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["frozen"], "frozen_relu"),
        node("Add", ["relu1", "frozen_relu"], "n"),
    ]
    traced = np.random.default_rng(2).standard_normal((1, 3, 16, 16)).astype(np.float32)
    told = findings(between("relu1", nodes, {"traced": traced}), "unreached-layers")
    assert [one.subject for one in told] == ["frozen", "frozen_relu"]
    assert told[0].message.startswith("No input reaches the layer 'frozen' (Conv)")


def test_an_output_that_no_input_reaches_is_found() -> None:
    proto = toy()
    proto.graph.node.append(node("Mul", ["b1", "b1"], "priors"))
    proto.graph.output.append(helper.make_tensor_value_info("priors", TensorProto.FLOAT, [6]))
    told = findings(proto, "unreached-layers", "foldable-nodes")
    assert [(one.id, one.subject, one.kind) for one in told] == [
        ("unreached-layers", "priors", "output"),
        ("foldable-nodes", "priors", "node"),
    ]


def test_arithmetic_on_weights_could_be_folded_and_storing_them_otherwise_not() -> None:
    nodes = [
        node("ReduceL2", ["g"], "norm"),
        node("Div", ["g", "norm"], "unit"),
        node("Cast", ["stored"], "real", to=TensorProto.FLOAT),
        node("Reshape", ["real", "s"], "shaped"),
        node("Mul", ["relu1", "unit"], "scaled"),
        node("Add", ["scaled", "shaped"], "n"),
    ]
    values: Values = {
        "g": np.arange(1, 7, dtype=np.float32).reshape(6, 1, 1),
        "stored": np.arange(6, dtype=np.float16),
        "s": np.array([6, 1, 1]),
    }
    assert found(between("relu1", nodes, values)) == [("foldable-nodes", "norm"), ("foldable-nodes", "unit")]


def test_shapes_of_the_input_are_no_constants() -> None:
    nodes = [
        node("Shape", ["x"], "size"),
        node("Gather", ["size", "zero"], "count"),
        node("Unsqueeze", ["count", "first"], "counts"),
        node("Concat", ["counts", "rest"], "wanted", axis=0),
        node("Reshape", ["flat", "wanted"], "n"),
    ]
    values: Values = {"zero": np.int64(0), "first": np.array([0]), "rest": np.array([-1])}
    assert found(between("flat", nodes, values)) == []


# --- trained models

KNOWN = {
    "fns_candy_winml.onnx": {"scale"},
    "mnist_quantized_connxr.onnx": {
        "Convolution28_quant_scales_mul",
        "Convolution110_quant_scales_mul",
        "Times212_quant_scales_mul",
    },
    "resnet20_onnc.onnx": {"BatchNormalization_1"},
    "st_mobilenet_v2_05_128.onnx": {"StatefulPartitionedCall/mobilenet_v2_128_0.5/LAYER_9/FusedBatchNormV3"},
    "ultraface_rfb320.onnx": {"246", "481", "482", "484"},
    "yolox_nano.onnx": {"Slice_14", "Slice_34"},
}
"""Read by hand: a product with ones, scales of quantized layers, normalizations, and slices taken twice."""


@pytest.mark.parametrize("name", zoo_models())
def test_of_trained_models_nothing_is_told_but_what_is_so(name: str) -> None:
    zoo = find_zoo()
    assert zoo is not None
    with inspector.load(zoo.model(name), device="cpu") as loaded:
        told = loaded.check(select=list(RULES)).findings
    assert {one.subject for one in told} == KNOWN.get(name, set())
    assert {one.severity for one in told} <= {"info"}
