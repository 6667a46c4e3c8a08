"""Numbers below the smallest normal one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.checks.numbers.planted import graph, images, toy_with
from tests.support.checked import findings
from tests.support.graphs import node
from tests.support.toys import toy_cnn


def test_weights_that_faded_are_found() -> None:
    def fade(array: np.ndarray) -> np.ndarray:
        array[0] *= 1e-40
        return array

    (one,) = findings(toy_with("w2", fade), "weights-denormal")
    assert (one.severity, one.subject, one.kind) == ("warning", "w2", "tensor")
    assert one.measured == "12.5%"
    assert findings(toy_with("w2", fade), "weights-denormal", **{"weights-denormal.share": 0.2}) == ()


@pytest.mark.parametrize("factor", [1.0, 1e-30, 0.0])
def test_small_weights_and_zeros_are_none(factor: float) -> None:
    assert findings(toy_with("w2", lambda array: array * np.float32(factor)), "weights-denormal") == ()


def test_in_float16_they_are_numbers_like_others() -> None:
    nodes = [
        node("Cast", ["x"], "half", to=10),
        node("Mul", ["half", "small"], "product"),
        node("Cast", ["product"], "scores", to=1),
    ]
    data = graph(nodes, {"small": np.full(16, 1e-6, np.float16)})
    assert findings(data, "weights-denormal") == ()
    assert findings(data, "activations-denormal", images=images()) == ()


def test_the_layer_where_activations_fade_is_named() -> None:
    nodes = [
        node("Relu", ["x"], "relu"),
        node("Mul", ["relu", "small"], "faded"),
        node("Mul", ["faded", "half"], "after"),
        node("Mul", ["after", "large"], "again"),
        node("Flatten", ["again"], "scores"),
    ]
    weights = {"small": np.float32(1e-20), "half": np.float32(1e-20), "large": np.float32(1e30)}
    (one,) = findings(graph(nodes, weights), "activations-denormal", images=images())
    assert (one.subject, one.operator) == ("after", "Mul")
    weights["half"] = np.float32(0.5)
    assert findings(graph(nodes, weights), "activations-denormal", images=images()) == ()


def test_a_trained_like_model_has_none() -> None:
    assert findings(toy_cnn(), "weights-denormal") == ()
    assert findings(toy_cnn(), "activations-denormal", images=images()) == ()
