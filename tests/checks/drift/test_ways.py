"""What findings say is other on the way to a layer: nodes, attributes and what is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from tests.checks.drift.pairs import attributed, behind, change, given, leaky, network, report, without
from tests.support.graphs import model, node

Change = Callable[[onnx.ModelProto], onnx.ModelProto]


def swapped(proto: onnx.ModelProto, tensor: str) -> onnx.ModelProto:
    found = given(proto, tensor)
    found.input[:] = [found.input[1], found.input[0], *found.input[2:]]
    return proto


FAULTS: dict[str, tuple[Change, str, str]] = {
    "an axis is turned": (
        lambda proto: behind(proto, "relu0", node("Transpose", ["relu0"], "turned", perm=[0, 1, 3, 2])),
        "conv1",
        "Transpose 'turned' (perm [0, 1, 3, 2]) inserted",
    ),
    "an axis is turned before a layer that does not mind": (
        lambda proto: behind(proto, "conv0", node("Transpose", ["conv0"], "turned", perm=[0, 1, 3, 2])),
        "conv1",
        "Transpose 'turned' (perm [0, 1, 3, 2]) inserted",
    ),
    "numbers are cut to integers": (
        lambda proto: behind(
            proto,
            "relu0",
            node("Cast", ["relu0"], "whole", to=TensorProto.INT32),
            node("Cast", ["whole"], "back", to=TensorProto.FLOAT),
        ),
        "conv1",
        "Cast 'whole' (to int32), Cast 'back' (to float) inserted",
    ),
    "a rectifier is missing": (lambda proto: without(proto, "Relu", 1), "conv2", "Relu 'relu1' missing"),
    "a rectifier is another": (
        lambda proto: leaky(proto, 0.3),
        "relu1",
        "LeakyRelu 'relu1' (alpha 0.3) instead of Relu 'relu1'",
    ),
    "padding lies elsewhere": (
        lambda proto: attributed(proto, "conv2", pads=[0, 0, 2, 2]),
        "conv2",
        "Conv 'conv2' with pads [0, 0, 2, 2] instead of [1, 1, 1, 1]",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("prefix", ["", "other_"])
def test_what_is_other_before_the_first_diverging_layer_is_named(
    tmp_path: Path, fault: str, prefix: str
) -> None:
    spoil, where, said = FAULTS[fault]
    rules = ["layers-drift", "outputs-drift"]
    found = report(tmp_path, spoil(network()), network(prefix=prefix), select=rules)
    layer, output = sorted(found.findings, key=lambda one: one.id)
    assert layer.subject == where
    wanted = said.replace("of Relu '", f"of Relu '{prefix}").replace(
        "Relu 'relu1' missing", f"Relu '{prefix}relu1' missing"
    )
    assert f"Other than in the baseline: {wanted}." in layer.message
    assert f"The difference begins at {layer.operator} {where!r} behind" in output.message
    assert wanted in output.message


def two_branches(*, prefix: str = "", last: str = "Sub") -> onnx.ModelProto:
    rng = np.random.default_rng(4)
    weights = {
        f"{prefix}w{index}": rng.standard_normal((5, 3, 3, 3)).astype(np.float32) for index in range(2)
    }
    nodes = [node("Conv", ["x", f"{prefix}w{index}"], f"{prefix}branch{index}") for index in range(2)]
    axis = {"axis": 1} if last == "Concat" else {}
    nodes.append(node(last, [f"{prefix}branch0", f"{prefix}branch1"], f"{prefix}both", **axis))
    nodes.append(node("GlobalAveragePool", [f"{prefix}both"], f"{prefix}scores"))
    return model(nodes, shape=("n", 3, 12, 12), weights=weights)


@pytest.mark.parametrize("last", ["Sub", "Concat"])
@pytest.mark.parametrize("prefix", ["", "other_"])
def test_inputs_in_another_order_are_named(tmp_path: Path, last: str, prefix: str) -> None:
    spoilt = swapped(two_branches(last=last), "both")
    (found,) = report(
        tmp_path, spoilt, two_branches(last=last, prefix=prefix), select=["layers-drift"]
    ).findings
    assert found.subject == "both"
    assert (
        f"it reads '{prefix}branch1', '{prefix}branch0' in this order instead of '{prefix}branch0', '{prefix}branch1'"
        in found.message
    )


def test_another_input_is_named(tmp_path: Path) -> None:
    spoilt = two_branches(last="Add")
    given(spoilt, "both").input[1] = "branch0"
    (found,) = report(tmp_path, spoilt, two_branches(last="Add"), select=["layers-drift"]).findings
    assert "Other than in the baseline: Conv 'branch1' missing" in found.message
    spoilt.graph.output.append(onnx.helper.make_tensor_value_info("branch1", TensorProto.FLOAT, None))
    (found,) = report(tmp_path, spoilt, two_branches(last="Add"), select=["layers-drift"]).findings
    assert "Other than in the baseline: it reads 'branch0' instead of 'branch1'." in found.message


def test_inputs_of_a_sum_have_no_order(tmp_path: Path) -> None:
    spoilt = change(swapped(two_branches(last="Add"), "both"), "w1", lambda w: w * 2)
    (found,) = report(tmp_path, spoilt, two_branches(last="Add"), select=["layers-drift"]).findings
    assert found.subject == "branch1"
    assert "Other than" not in found.message


def with_codes(scale: float) -> onnx.ModelProto:
    pair = [
        node("QuantizeLinear", ["relu1", "s", "z"], "codes"),
        node("DequantizeLinear", ["codes", "t", "z"], "values"),
    ]
    return behind(network(), "relu1", *pair, s=np.float32(0.02), t=np.float32(scale), z=np.uint8(0))


def test_the_scale_of_codes_is_named_where_both_have_them(tmp_path: Path) -> None:
    (found,) = report(tmp_path, with_codes(0.03), with_codes(0.02), select=["layers-drift"]).findings
    assert found.subject == "values"
    assert "DequantizeLinear 'values' with x_scale 0.03 instead of 0.02" in found.message


def test_what_stands_behind_the_last_layer_is_where_the_difference_begins(tmp_path: Path) -> None:
    spoilt = network()
    inner = given(spoilt, "scores")
    inner.output[0] = inner.name = "raw"
    spoilt.graph.node.append(node("Mul", ["raw", "three"], "scores"))
    spoilt.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(3), "three"))
    found = report(tmp_path, spoilt, network(), select=["layers-drift", "outputs-drift"])
    layer, output = sorted(found.findings, key=lambda one: one.id)
    assert (layer.subject, layer.operator) == ("scores", "Mul")
    for one in (layer, output):
        assert "Other than in the baseline: Mul 'scores' (B 3) inserted." in one.message
