"""How exactly a model computes: all families of rules that have a bound for it say the same."""

from __future__ import annotations

import numpy as np
import onnx

from inspector.checks.golden.record import recorded
from inspector.checks.measures.drift.alignment import Pair
from inspector.checks.measures.drift.limits import limits_of
from inspector.checks.measures.precision import Precision, precision
from tests.checks.drift.pairs import examination, pictures
from tests.support.graphs import model, node


def measuring() -> onnx.ModelProto:
    """Return a dense layer that measures the scale of what it reads, as ONNX Runtime's optimizer writes it."""
    weights: dict[str, np.ndarray | np.generic] = {
        "w": np.random.default_rng(0).integers(-127, 128, (432, 4)).astype(np.int8),
        "s": np.float32(0.01),
    }
    dense = onnx.helper.make_node("DynamicQuantizeMatMul", ["flat", "w", "s"], ["y"], domain="com.microsoft")
    proto = model([node("Flatten", ["x"], "flat"), dense], shape=(1, 3, 12, 12), weights=weights)
    proto.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    return proto


def test_a_layer_that_measures_its_scales_computes_on_codes() -> None:
    one = examination(measuring(), measuring())
    assert recorded(one.run, pictures()).outputs["y"].shape == (8, 4)
    assert precision(one) is Precision.QUANTIZED
    limits = limits_of(one, quantized=0.5, half=0.05, single=0.01)
    assert limits.of(Pair(own="y", other="y", by="name")).precision is Precision.QUANTIZED
