"""NaN and infinity, in weights and in layers."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from tests.checks.numbers.planted import graph, images, toy_with
from tests.support.checked import findings, skipped
from tests.support.graphs import node
from tests.support.toys import toy_cnn


def test_a_layer_that_takes_roots_of_negative_values_is_the_first_that_is_named() -> None:
    nodes = [
        node("Relu", ["x"], "relu"),
        node("Sqrt", ["x"], "root"),
        node("Add", ["root", "relu"], "sum"),
        node("Relu", ["relu"], "fine"),
        node("Flatten", ["sum"], "scores"),
    ]
    (one,) = findings(graph(nodes), "activations-finite", images=images())
    assert (one.severity, one.subject, one.kind, one.operator) == ("error", "root", "layer", "Sqrt")
    assert "2 layers behind it" in one.message
    assert "output 'scores'" in one.message
    twin = [node("Abs", ["x"], "abs"), node("Sqrt", ["abs"], "root"), node("Flatten", ["root"], "scores")]
    assert findings(graph(twin), "activations-finite", images=images()) == ()


def test_each_place_where_it_begins_is_named_once() -> None:
    nodes = [
        node("Log", ["x"], "log"),
        node("Sqrt", ["x"], "root"),
        node("Add", ["root", "log"], "sum"),
        node("Flatten", ["sum"], "scores"),
    ]
    assert [one.subject for one in findings(graph(nodes), "activations-finite", images=images())] == [
        "log",
        "root",
    ]


def test_what_carries_it_without_being_a_layer_carries_it() -> None:
    nodes = [
        node("Sqrt", ["x"], "root"),
        node("IsNaN", ["root"], "odd"),
        node("Where", ["odd", "nan", "x"], "again"),
        node("Flatten", ["again"], "scores"),
    ]
    found = findings(graph(nodes, {"nan": np.float32(np.nan)}), "activations-finite", images=images())
    assert [one.subject for one in found] == ["root"]


def test_an_overflow_is_found_and_a_mask_that_reaches_no_output_is_none() -> None:
    nodes = [node("Exp", ["x"], "large"), node("Flatten", ["large"], "scores")]
    assert findings(graph(nodes), "activations-finite", images=images()) == ()
    (one,) = findings(graph(nodes), "activations-finite", images=images() * 100)
    assert one.subject == "large"
    assert "infinite" in one.message
    nodes = [
        node("Greater", ["x", "zero"], "bright"),
        node("Where", ["bright", "x", "never"], "masked"),
        node("Flatten", ["masked"], "flat"),
        node("Softmax", ["flat"], "scores"),
    ]
    weights = {"zero": np.float32(0), "never": np.float32(-np.inf)}
    assert findings(graph(nodes, weights), "activations-finite", images=images()) == ()
    (one,) = findings(graph(nodes[:3], weights), "activations-finite", images=images())
    assert one.subject == "masked"


def test_without_images_it_is_skipped() -> None:
    assert "give --data" in skipped(toy_cnn(), "activations-finite")


def spoilt(value: float) -> bytes:
    def change(array: np.ndarray) -> np.ndarray:
        array.flat[3] = value
        return array

    return toy_with("w2", change)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_no_number_is_found(odd: float) -> None:
    (one,) = findings(spoilt(odd), "weights-finite")
    assert (one.subject, one.measured) == ("w2", "1 of 432")
    assert findings(spoilt(1.0), "weights-finite") == ()


def test_weights_of_constant_nodes_and_of_subgraphs_are_looked_at() -> None:
    odd = onnx.numpy_helper.from_array(np.array([1, np.nan, 2], np.float32).reshape(3, 1, 1), "odd")
    constant = onnx.helper.make_node("Constant", [], ["odd"], value=odd)
    nodes = [constant, node("Mul", ["x", "odd"], "scores")]
    (one,) = findings(graph(nodes), "weights-finite")
    assert one.subject == "odd"
    value = onnx.helper.make_tensor_value_info
    made = [value("inner", onnx.TensorProto.FLOAT, None)]
    then = onnx.helper.make_graph([node("Mul", ["x", "odd"], "inner")], "then", [], made, [odd])
    other = onnx.helper.make_graph([node("Relu", ["x"], "inner")], "other", [], made)
    nodes = [
        node("ReduceSum", ["x"], "sum", keepdims=0),
        node("Greater", ["sum", "zero"], "bright"),
        onnx.helper.make_node("If", ["bright"], ["scores"], then_branch=then, else_branch=other),
    ]
    (one,) = findings(graph(nodes, {"zero": np.float32(0)}), "weights-finite")
    assert one.subject == "odd"


@pytest.mark.parametrize("bound", [np.inf, -np.inf])
def test_bounds_and_masks_of_infinity_are_no_faults(bound: float) -> None:
    nodes = [node("Min" if bound > 0 else "Max", ["x", "bound"], "scores")]
    assert findings(graph(nodes, {"bound": np.float32(bound)}), "weights-finite") == ()
    mask = np.triu(np.full((16, 16), -np.inf, np.float32), 1)
    assert findings(graph([node("Add", ["x", "mask"], "scores")], {"mask": mask}), "weights-finite") == ()


def test_of_many_findings_the_last_counts_the_others() -> None:
    weights = {f"w{index}": np.full(16, np.nan, np.float32) for index in range(23)}
    nodes, last = [], "x"
    for name in weights:
        nodes.append(node("Add", [last, name], f"{name}.sum"))
        last = f"{name}.sum"
    found = findings(graph(nodes, weights), "weights-finite")
    assert len(found) == 21
    assert "3 more tensors" in found[-1].message


@pytest.mark.parametrize(("variance", "count"), [(-1.0, 2), (-1e-3, 0), (0.0, 0)])
def test_a_variance_whose_root_is_no_number_is_found_without_an_image(variance: float, count: int) -> None:
    ones = np.ones(3, np.float32)
    weights = {"g": ones, "b": ones, "m": ones, "v": np.array([variance, 1, variance], np.float32)}
    nodes = [
        node("BatchNormalization", ["x", "g", "b", "m", "v"], "normal", epsilon=1e-2),
        node("Relu", ["normal"], "relu"),
        node("Flatten", ["relu"], "scores"),
    ]
    found = findings(graph(nodes, weights), "weights-finite")
    assert [(one.subject, one.measured) for one in found] == [("v", f"{count} of 3")][: bool(count)]
