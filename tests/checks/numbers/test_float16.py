"""What a conversion to float16 would lose."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from tests.checks.numbers.planted import graph, images, toy_with
from tests.support.checked import findings, report, skipped
from tests.support.graphs import node
from tests.support.quantized_cnn import quantized_cnn
from tests.support.toys import toy_cnn


def test_weights_beyond_float16_are_found_without_images_and_a_note_says_what_was_not_looked_at() -> None:
    def grow(array: np.ndarray) -> np.ndarray:
        array.flat[:2] = 7e4
        return array

    found = report(toy_with("w3", grow), "float16-overflow")
    (one,) = found.findings
    assert (one.severity, one.subject, one.kind, one.measured) == ("info", "w3", "tensor", "7e+04")
    assert any("weights only" in note for note in found.notes)
    assert findings(toy_cnn(), "float16-overflow") == ()


def test_layers_beyond_float16_are_found_over_images() -> None:
    (one,) = findings(
        graph([node("Mul", ["x", "c"], "y")], {"c": np.float32(6e4)}), "float16-overflow", images=images()
    )
    assert (one.subject, one.operator) == ("y", "Mul")
    assert (
        findings(
            graph([node("Mul", ["x", "c"], "y")], {"c": np.float32(1e3)}), "float16-overflow", images=images()
        )
        == ()
    )


def test_what_the_model_itself_casts_to_float16_is_told_once() -> None:
    nodes = [
        node("Mul", ["x", "c"], "large"),
        node("Cast", ["large"], "half", to=TensorProto.FLOAT16),
        node("Cast", ["half"], "y", to=TensorProto.FLOAT),
    ]
    made = graph(nodes, {"c": np.float32(6e4)})
    assert findings(made, "float16-overflow", images=images()) == ()
    (one,) = findings(made, "activations-finite", images=images())
    assert one.subject == "half"


def test_factors_and_guards_that_vanish_are_found_and_terms_are_not() -> None:
    nodes = [
        node("ReduceMean", ["x"], "mean", axes=[2, 3]),
        node("Mul", ["mean", "mean"], "square"),
        node("Add", ["square", "epsilon"], "guarded"),
        node("Sqrt", ["guarded"], "root"),
        node("Add", ["x", "term"], "moved"),
        node("Div", ["moved", "root"], "scores"),
    ]
    weights = {"epsilon": np.float32(1e-12), "term": np.float32(1e-12)}
    (one,) = findings(graph(nodes, weights), "float16-underflow")
    assert (one.severity, one.subject) == ("info", "epsilon")
    assert findings(graph(nodes, {**weights, "epsilon": np.float32(1e-5)}), "float16-underflow") == ()
    (one,) = findings(toy_with("w2", lambda array: array * 1e-9), "float16-underflow")
    assert (one.subject, one.measured) == ("w2", "100.0%")
    assert findings(toy_with("b2", lambda array: array * 1e-9), "float16-underflow") == ()
    assert findings(toy_with("w2", lambda array: array * 0), "float16-underflow") == ()


def test_gradients_that_vanish_are_found() -> None:
    (first, second) = findings(
        toy_with("w3", lambda array: array * 1e-8), "float16-gradients", images=images(3)
    )
    assert (first.severity, first.subject, first.kind) == ("info", "images[0]", "image")
    assert second.subject == "images[1]"
    assert findings(toy_cnn(), "float16-gradients", images=images(3)) == ()


def test_sums_of_codes_are_no_layers_that_overflow() -> None:
    nodes = [
        node("Cast", ["x"], "whole", to=6),
        node("Mul", ["whole", "many"], "sums"),
        node("Cast", ["sums"], "float", to=1),
        node("Mul", ["float", "scale"], "scores"),
    ]
    weights = {"many": np.int32(100_000), "scale": np.float32(1e-4)}
    assert findings(graph(nodes, weights), "float16-overflow", images=images() * 3) == ()
    weights["scale"] = np.float32(1)
    (one,) = findings(graph(nodes, weights), "float16-overflow", images=images() * 3)
    assert one.subject == "scores"


def test_a_model_that_is_in_float16_already_is_skipped() -> None:
    for name in ("float16-overflow", "float16-underflow"):
        assert findings(quantized_cnn().SerializeToString(), name) == ()
        half = graph([node("Relu", ["x"], "y")], dtype=10)
        assert "in float16 already" in skipped(half, name)


def test_a_model_whose_answers_are_no_numbers_has_no_gradient_to_look_at() -> None:
    data = toy_with("b3", lambda array: array * np.nan)
    assert "no gradient" in skipped(data, "float16-gradients", images=images(1))
