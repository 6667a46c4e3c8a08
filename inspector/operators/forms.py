"""How many inputs and outputs operators of ONNX Runtime have that are looked into here: ONNX has no schemas of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Takes:
    """The form of an operator's nodes."""

    fewest: int
    most: int | None
    """None where there may be any number."""
    may_lack: frozenset[int]
    """The inputs that may be left empty."""
    outputs: int
    """How many there are at most."""


FORMS: Mapping[str, Takes] = {
    "BiasAdd": Takes(3, 3, frozenset(), 1),
    "BiasGelu": Takes(2, 2, frozenset(), 1),
    "DequantizeLinear": Takes(2, 3, frozenset({2}), 1),
    "DynamicQuantizeMatMul": Takes(3, 5, frozenset({3, 4}), 1),
    "FastGelu": Takes(1, 2, frozenset({1}), 1),
    "FusedConv": Takes(2, 4, frozenset({2, 3}), 1),
    "FusedGemm": Takes(2, 3, frozenset({2}), 1),
    "FusedMatMul": Takes(2, 2, frozenset(), 1),
    "FusedMatMulActivation": Takes(2, 2, frozenset(), 1),
    "Gelu": Takes(1, 1, frozenset(), 1),
    "MatMulIntegerToFloat": Takes(4, 7, frozenset({4, 5, 6}), 1),
    "NhwcConv": Takes(2, 3, frozenset({2}), 1),
    "NhwcFusedConv": Takes(2, 4, frozenset({2, 3}), 1),
    "NhwcMaxPool": Takes(1, 1, frozenset(), 1),
    "QGemm": Takes(6, 9, frozenset({6, 7, 8}), 1),
    "QLinearAdd": Takes(7, 8, frozenset({2, 5, 7}), 1),
    "QLinearAveragePool": Takes(4, 5, frozenset({2, 4}), 1),
    "QLinearConcat": Takes(3, None, frozenset(), 1),
    "QLinearConv": Takes(8, 9, frozenset({8}), 1),
    "QLinearGlobalAveragePool": Takes(5, 5, frozenset(), 1),
    "QLinearLeakyRelu": Takes(4, 5, frozenset({2, 4}), 1),
    "QLinearMul": Takes(7, 8, frozenset({2, 5, 7}), 1),
    "QLinearReduceMean": Takes(4, 5, frozenset({2, 4}), 1),
    "QLinearSigmoid": Takes(4, 5, frozenset({2, 4}), 1),
    "QLinearSoftmax": Takes(5, 5, frozenset({2}), 1),
    "QLinearWhere": Takes(9, 9, frozenset(), 1),
    "QuantizeLinear": Takes(2, 3, frozenset({2}), 1),
    "QuickGelu": Takes(1, 1, frozenset(), 1),
    "SkipLayerNormalization": Takes(3, 5, frozenset({3, 4}), 4),
    "TransposeMatMul": Takes(2, 2, frozenset(), 1),
}
"""By operator of com.microsoft, as the runtime's own schemas have them."""
