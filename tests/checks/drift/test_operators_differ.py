"""Layers of another operator, or of other attributes, that drift by little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.checks.drift.pairs import attributed, change, given, leaky, network, report


def test_a_layer_of_another_operator_is_told_where_it_drifts_little(tmp_path: Path) -> None:
    rules = ["layers-drift", "operators-differ"]
    (found,) = report(tmp_path, leaky(network(), 0.002), network(prefix="other_"), select=rules).findings
    assert (found.id, found.severity, found.subject) == ("operators-differ", "info", "relu1")
    assert "LeakyRelu 'relu1' (alpha 0.002) instead of Relu 'other_relu1'" in found.message
    (found,) = report(tmp_path, leaky(network(), 0.3), network(), select=rules).findings
    assert found.id == "layers-drift"


def test_a_layer_of_another_operator_is_told_where_it_is_made_good_again(tmp_path: Path) -> None:
    hidden = change(leaky(network(), 0.1), "w2", lambda w: w * 0)
    base = change(network(), "w2", lambda w: w * 0)
    (found,) = report(tmp_path, hidden, base, select=["layers-drift", "operators-differ"]).findings
    assert (found.id, found.subject) == ("operators-differ", "relu1")


def test_attributes_that_hardly_matter_here_are_told(tmp_path: Path) -> None:
    other = attributed(network(normalized=True), "norm1", epsilon=1e-3)
    (found,) = report(tmp_path, other, network(normalized=True), select=["drift"]).findings
    assert (found.id, found.subject) == ("operators-differ", "norm1")
    assert "epsilon 0.001 instead of 1e-05" in found.message


def as_clip(proto: onnx.ModelProto) -> onnx.ModelProto:
    found = given(proto, "relu1")
    found.op_type = "Clip"
    found.input.append("zero")
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(0), "zero"))
    return proto


@pytest.mark.parametrize(
    "twin",
    [
        network(normalized=True),
        network(channels_last=True, prefix="other_"),
        as_clip(network()),
        leaky(network(), 0.0),
        change(network(), "w1", lambda w: w * (1 + 1e-7 * np.random.default_rng(0).standard_normal(w.shape))),
    ],
)
def test_what_exporters_write_otherwise_is_no_other_layer(tmp_path: Path, twin: onnx.ModelProto) -> None:
    found = report(tmp_path, network(), twin, select=["operators-differ"])
    assert found.findings == ()
    assert {one.outcome for one in found.verdicts} == {"passed"}
