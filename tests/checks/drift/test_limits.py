"""Which limit holds where: what is coarse at one place loosens the limits of what it can reach."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from inspector.checks.measures.precision import Precision, precisions_of
from inspector.model.read import read_model
from tests.checks.drift.pairs import behind, change, network, report
from tests.support.graphs import node


def with_half(tensor: str) -> onnx.ModelProto:
    return behind(
        network(),
        tensor,
        node("Cast", [tensor], "half", to=TensorProto.FLOAT16),
        node("Cast", ["half"], "single", to=TensorProto.FLOAT),
    )


def with_codes(tensor: str) -> onnx.ModelProto:
    return behind(
        network(),
        tensor,
        node("QuantizeLinear", [tensor, "s", "z"], "codes"),
        node("DequantizeLinear", ["codes", "s", "z"], "values"),
        s=np.float32(0.05),
        z=np.uint8(0),
    )


COARSE = {"half": (with_half, Precision.HALF), "codes": (with_codes, Precision.QUANTIZED)}


@pytest.mark.parametrize("kind", COARSE)
def test_what_is_coarse_reaches_what_comes_behind_it(kind: str) -> None:
    make, coarse = COARSE[kind]
    found = precisions_of(read_model(make("relu2").SerializeToString()))
    assert {found[name] for name in ("x", "conv0", "relu1", "conv2", "relu2")} == {Precision.SINGLE}
    assert {found[name] for name in ("conv3", "relu3", "scores")} == {coarse}


@pytest.mark.parametrize("kind", COARSE)
def test_layers_before_what_is_coarse_keep_their_strict_limit(tmp_path: Path, kind: str) -> None:
    make, _ = COARSE[kind]
    spoilt = change(make("relu2"), "w1", lambda w: w * 1.02)
    (found,) = report(tmp_path, spoilt, network(), select=["layers-drift"]).findings
    assert found.subject == "conv1"
    assert found.allowed == "relative error 0.01, as one of both computes on floats"
    assert report(tmp_path, make("relu2"), network(), select=["layers-drift", "outputs-drift"]).findings == ()


def test_a_scale_that_is_taken_back_before_what_is_coarse_is_no_fault(tmp_path: Path) -> None:
    equal = change(change(with_codes("relu2"), "w0", lambda w: w * 4), "b0", lambda b: b * 4)
    equal = change(equal, "w1", lambda w: w / 4)
    assert report(tmp_path, equal, network(), select=["layers-drift", "outputs-drift"]).findings == ()
