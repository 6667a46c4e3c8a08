"""Versions, operators and domains that not everybody runs."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.support.checked import cnn, findings, skipped
from tests.support.graphs import model, node


def test_an_opset_beyond_the_range_is_found() -> None:
    proto = cnn()
    assert findings(proto, "opset-range") == ()
    proto.opset_import[0].version = onnx.defs.onnx_opset_version()
    (found,) = findings(proto, "opset-range", **{"opset-range.highest": 20})
    assert found.measured == f"opset {onnx.defs.onnx_opset_version()}"
    assert "newer" in found.message


def test_an_opset_below_the_range_is_found() -> None:
    (found,) = findings(cnn(), "opset-range", **{"opset-range.lowest": 19})
    assert "older" in found.message
    assert found.allowed == "19 to 24"


def test_an_ir_version_beyond_the_range_is_found() -> None:
    proto = cnn()
    assert findings(proto, "ir-range") == ()
    proto.ir_version = 13
    (found,) = findings(proto, "ir-range")
    assert (found.measured, found.allowed) == ("IR version 13", "3 to 12")


def upsampling(operator: str) -> onnx.ModelProto:
    inputs = ["x", "", "scales"] if operator == "Resize" else ["x", "scales"]
    values: dict[str, np.ndarray | np.generic] = {"scales": np.array([1, 1, 2, 2], np.float32)}
    opset = 13 if operator == "Resize" else 9
    return model([node(operator, inputs, "large", mode="nearest")], weights=values, opset=opset)


def test_a_deprecated_operator_is_found_with_its_successor() -> None:
    (found,) = findings(upsampling("Upsample"), "deprecated-operators")
    assert (found.subject, found.operator) == ("large", "Upsample")
    assert "deprecated since opset 10; its successor is Resize" in found.message
    assert findings(upsampling("Resize"), "deprecated-operators") == ()


@pytest.mark.parametrize(("opset", "scales", "since"), [(18, 2, 18), (21, 4, None)])
def test_an_operator_that_was_taken_up_again_is_deprecated_only_in_between(
    opset: int, scales: int, since: int | None
) -> None:
    nodes = [
        node("Conv", ["x", "w"], "conv", kernel_shape=[1, 1]),
        node("GroupNormalization", ["conv", "scale", "bias"], "normal", num_groups=2),
    ]
    weights: dict[str, np.ndarray | np.generic] = {
        "w": np.ones((4, 3, 1, 1), np.float32),
        "scale": np.ones(scales, np.float32),
        "bias": np.zeros(scales, np.float32),
    }
    found = findings(model(nodes, weights=weights, opset=opset), "deprecated-operators")
    assert [f"deprecated since opset {since}" in one.message for one in found] == ([True] if since else [])


def contributed() -> onnx.ModelProto:
    nodes = [node("Conv", ["x", "w"], "conv", kernel_shape=[1, 1]), node("QuickGelu", ["conv"], "gelu")]
    nodes[1].domain = "com.microsoft"
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((2, 3, 1, 1), np.float32)}
    proto = model(nodes, weights=weights)
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto


def test_an_operator_of_another_domain_is_found_with_its_first_node() -> None:
    (found,) = findings(contributed(), "custom-domains")
    assert (found.subject, found.operator, found.kind) == ("gelu", "QuickGelu", "node")
    assert "com.microsoft::QuickGelu" in found.message


def test_a_domain_may_be_allowed() -> None:
    assert findings(contributed(), "custom-domains", **{"custom-domains.allowed": ("com.microsoft",)}) == ()
    assert findings(cnn(), "custom-domains") == ()


def test_functions_of_the_file_itself_are_no_custom_operators() -> None:
    proto = cnn()
    body = [helper.make_node("Relu", ["a"], ["b"])]
    proto.functions.append(helper.make_function("local", "Gate", ["a"], ["b"], body, proto.opset_import))
    proto.opset_import.append(helper.make_opsetid("local", 1))
    proto.graph.node[1].domain, proto.graph.node[1].op_type = "local", "Gate"
    assert findings(proto, "custom-domains") == ()


def test_what_the_checker_objects_to_is_found() -> None:
    proto = cnn()
    assert findings(proto, "onnx-checker") == ()
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    (found,) = findings(proto, "onnx-checker")
    assert (found.subject, found.kind) == ("scores", "tensor")
    assert found.message.endswith("No shape is declared of 'scores'.")


def test_the_checker_says_nothing_on_the_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    scaled = node("ImageScaler", ["x"], "scaled", scale=2.0, bias=[0.0, 0.0, 0.0])
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((2, 3, 1, 1), np.float32)}
    proto = model(
        [scaled, node("Conv", ["scaled", "w"], "conv", kernel_shape=[1, 1])], weights=weights, opset=8
    )
    assert "ImageScaler" in skipped(proto, "onnx-checker")
    assert capfd.readouterr().out == ""


def test_initializers_among_inputs_are_found_where_the_version_does_not_ask_for_them() -> None:
    proto = cnn()
    assert findings(proto, "initializers-as-inputs") == ()
    proto.graph.input.append(helper.make_tensor_value_info("w1", TensorProto.FLOAT, [6, 3, 3, 3]))
    (found,) = findings(proto, "initializers-as-inputs")
    assert (found.subject, found.measured) == ("w1", "1")
    proto.ir_version = 3
    for one in proto.graph.initializer:
        if one.name != "w1":
            proto.graph.input.append(helper.make_tensor_value_info(one.name, one.data_type, one.dims))
    assert findings(proto, "initializers-as-inputs") == ()
