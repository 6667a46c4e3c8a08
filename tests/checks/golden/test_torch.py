"""What PyTorch computed is what the exported model computes: golden/torch/make.py wrote both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from inspector.types.golden import read_golden
from tests.checks.golden.recordings import checked, outcomes

TORCH = Path(__file__).parent / "torch"
PASSED = dict.fromkeys(("golden-cosine", "golden-shape", "golden-top", "golden-values"), "passed")


@pytest.mark.parametrize("settings", [{}, {"golden-values.calibrated": True}])
@pytest.mark.parametrize("export", ["torchscript", "dynamo"])
def test_an_export_computes_what_pytorch_computed(export: str, settings: Any) -> None:
    report = checked(onnx.load(TORCH / f"{export}.onnx"), read_golden(TORCH / "golden.npz"), **settings)
    assert outcomes(report) == PASSED


@pytest.mark.parametrize("export", ["torchscript", "dynamo"])
def test_a_wrong_weight_of_any_layer_is_found(export: str) -> None:
    golden = read_golden(TORCH / "golden.npz")
    names = [one.name for one in onnx.load(TORCH / f"{export}.onnx").graph.initializer if len(one.dims) > 1]
    assert len(names) >= 8
    for name in names:
        proto = onnx.load(TORCH / f"{export}.onnx")
        weight = next(one for one in proto.graph.initializer if one.name == name)
        array = numpy_helper.to_array(weight).copy()
        strongest = np.unravel_index(np.abs(array).argmax(), array.shape)
        array[strongest] *= -1
        weight.CopyFrom(numpy_helper.from_array(array, name))
        assert outcomes(checked(proto, golden))["golden-values"] == "found", name
