"""Layers at the ends of their ranges."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, numpy_helper

from tests.checks.numbers.planted import graph, images
from tests.support.checked import findings
from tests.support.graphs import node
from tests.support.quantized_cnn import quantized_cnn
from tests.support.zoo import find_zoo


def clipped(scale: float, operator: str = "Clip") -> bytes:
    operands = ["scaled", "low", "six"] if operator == "Clip" else ["scaled"]
    nodes = [
        node("Mul", ["x", "scale"], "scaled"),
        node(operator, operands, "ends"),
        node("Flatten", ["ends"], "scores"),
    ]
    weights = {"scale": np.float32(scale), "low": np.float32(-6), "six": np.float32(6)}
    return graph(nodes, weights)


@pytest.mark.parametrize("operator", ["Clip", "Tanh"])
def test_a_layer_that_stands_at_its_bounds_is_found(operator: str) -> None:
    (one,) = findings(clipped(1000, operator), "saturated", images=images())
    assert (one.severity, one.subject, one.kind, one.operator) == ("warning", "ends", "layer", operator)
    assert one.allowed == "50.0%"
    assert findings(clipped(1, operator), "saturated", images=images()) == ()


def test_a_rectifier_at_rest_is_not_saturated() -> None:
    nodes = [
        node("Sub", ["x", "much"], "low"),
        node("Clip", ["low", "zero", "six"], "relu6"),
        node("Relu", ["low"], "relu"),
        node("Sigmoid", ["low"], "gate"),
        node("Sum", ["relu6", "relu", "gate"], "sum"),
        node("Flatten", ["sum"], "scores"),
    ]
    weights = {"much": np.float32(200), "zero": np.float32(0), "six": np.float32(6)}
    assert findings(graph(nodes, weights), "saturated", images=images()) == ()


def rescaled(factor: float) -> ModelProto:
    proto = quantized_cnn()
    scale = next(one for one in proto.graph.initializer if one.name == "relu0_s")
    scale.CopyFrom(numpy_helper.from_array(np.float32(numpy_helper.to_array(scale) * factor), scale.name))
    return proto


def test_codes_at_the_ends_of_theirs_are_found_by_their_own_share() -> None:
    given = np.random.default_rng(3).standard_normal((3, 3, 24, 24)).astype(np.float32)
    assert findings(rescaled(1).SerializeToString(), "saturated", images=given) == ()
    found = findings(rescaled(0.05).SerializeToString(), "saturated", images=given)
    assert "relu0_d" in {one.subject for one in found}
    assert {one.allowed for one in found} == {"10.0%"}


def test_a_good_model_of_the_zoo_has_none() -> None:
    zoo = find_zoo()
    if zoo is None:
        pytest.skip("there is no zoo here")
    data = zoo.model("cifar10_tinymobilenet_int8").read_bytes()
    given = [str(zoo.image("dog_winml.jpg")), str(zoo.image("zebra_captum.jpg"))]
    assert findings(data, "saturated", images=given) == ()
