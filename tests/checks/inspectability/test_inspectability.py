"""What of a model can be looked into."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import inspector
from inspector.errors import InspectorError
from tests.support.checked import cnn, findings, skipped
from tests.support.graphs import model, node


def ending(*nodes: onnx.NodeProto, output: str, gives: int = onnx.TensorProto.FLOAT) -> onnx.ModelProto:
    """Return the CNN with more nodes behind its scores."""
    proto = cnn()
    proto.graph.node.extend(nodes)
    del proto.graph.output[:]
    proto.graph.output.append(onnx.helper.make_tensor_value_info(output, gives, ["batch", None]))
    return proto


def test_a_cnn_has_a_rule_for_every_operator() -> None:
    assert findings(cnn(), "backward-rules") == ()


def looping() -> onnx.ModelProto:
    """Return the CNN with its scores made twice as large in a Loop."""
    helper, kind = onnx.helper, onnx.TensorProto
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["sum", "sum"], ["more"])],
        "body",
        [
            helper.make_tensor_value_info("turn", kind.INT64, []),
            helper.make_tensor_value_info("go", kind.BOOL, []),
            helper.make_tensor_value_info("sum", kind.FLOAT, ["batch", 5]),
        ],
        [
            helper.make_tensor_value_info("go_on", kind.BOOL, []),
            helper.make_tensor_value_info("more", kind.FLOAT, ["batch", 5]),
        ],
    )
    proto = ending(node("Loop", ["turns", "", "scores"], "looped", body=body), output="looped")
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.int64(1), "turns"))
    return proto


def test_an_operator_without_a_rule_is_found_where_attribution_stops() -> None:
    (found,) = findings(looping(), "backward-rules")
    assert (found.measured, found.allowed) == ("no rule", "a rule")
    assert (found.subject, found.operator, found.kind) == ("looped", "Loop", "node")
    with (
        inspector.load(looping().SerializeToString(), device="cpu") as loaded,
        pytest.raises(InspectorError, match="looped"),
    ):
        loaded.attribute(np.ones((1, 3, 16, 16), np.float32), method="saliency")


def test_an_operator_that_ends_every_gradient_is_found() -> None:
    proto = ending(node("Sign", ["conv1"], "signs"), output="signs")
    proto.graph.output[0].type.tensor_type.shape.dim.add()
    proto.graph.output[0].type.tensor_type.shape.dim.add()
    (found,) = findings(proto, "backward-rules")
    assert (found.subject, found.operator) == ("signs", "Sign")
    assert "no gradient passes it" in found.message


def test_a_cast_to_whole_numbers_is_blamed_for_its_type_and_not_for_a_missing_rule() -> None:
    nodes = [
        node("Cast", ["scores"], "whole", to=onnx.TensorProto.INT64),
        node("Cast", ["whole"], "back", to=onnx.TensorProto.FLOAT),
    ]
    (found,) = findings(ending(*nodes, output="back"), "backward-rules")
    assert found.message.endswith("and no gradient passes it: its output 'whole' is int64.")
    assert (found.measured, found.allowed) == ("its output 'whole' is int64", "a gradient that passes")


def deep(layers: int, *, side: int = 16) -> onnx.ModelProto:
    """Return convolutions in a row: each sees two more pixels than the one before."""
    nodes, last = [], "x"
    for place in range(layers):
        nodes.append(node("Conv", [last, "w"], f"conv{place}", kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
        last = f"conv{place}"
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((3, 3, 3, 3), np.float32)}
    return model(nodes, shape=(1, 3, side, side), weights=weights)


def test_the_first_layer_that_sees_more_than_the_image_is_found() -> None:
    assert findings(deep(7), "receptive-field") == ()
    (found,) = findings(deep(10), "receptive-field")
    assert (found.subject, found.kind) == ("conv7", "layer")
    assert found.measured == "17×17 pixels"
    assert "3 of 10 layers" in found.message
    assert findings(deep(10), "receptive-field", **{"receptive-field.times": 2.0}) == ()


def test_images_of_free_size_cannot_be_judged() -> None:
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((3, 3, 3, 3), np.float32)}
    proto = model(
        [node("Conv", ["x", "w"], "conv", kernel_shape=[3, 3])], shape=(1, 3, "h", "w"), weights=weights
    )
    assert "free" in skipped(proto, "receptive-field")


def test_a_network_without_rectifiers_is_found() -> None:
    assert findings(cnn(), "no-rectifiers") == ()
    (found,) = findings(deep(2), "no-rectifiers")
    assert found.message == "None of the 2 layers is a rectifier."
