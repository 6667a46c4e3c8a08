"""The head of a classifier: which tensor holds the scores, and how the model makes probabilities of them."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from inspector.graph.opset import standard_opset
from inspector.model.codes import carries_signal
from inspector.operators.attributes import integer
from inspector.operators.families import DENSE, DEQUANTIZERS, QUANTIZERS, REARRANGERS, SOFTMAXES
from inspector.operators.operation import as_float
from inspector.operators.twins import float_operator

_PASSIVE = REARRANGERS | DEQUANTIZERS | {"Cast", "QuantizeLinear"}
"""Operators that hand the scores on as they are."""

_ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}

_CLASSIFIERS = DENSE | {"Conv"}


@dataclass(frozen=True, kw_only=True)
class Head:
    """One output of a classifier."""

    output: str
    scores: str
    """The tensor before the final activation (S_c in Simonyan et al. 2014, §3), or the output where there is none."""
    activation: str
    """"softmax", "log_softmax", "sigmoid", or "none" where the output itself is the score."""
    features: str | None
    """The tensor that the last dense (or 1×1 convolution) layer reads: the penultimate features."""
    axis: int | None = None
    """The axis of `scores` that a final Softmax runs along, as the node says it; None without one."""


def find_head(model: ir.Model, output: str) -> Head:
    """Return the head that ends in the graph's output of that name."""
    value = next(v for v in model.graph.outputs if v.name == output)
    node = _skip(value).producer()
    activation = _ACTIVATIONS.get(float_operator(node)) if node is not None else None
    scores = node.inputs[0] if node is not None and activation and node.inputs[0] is not None else value
    features = _features(scores)
    return Head(
        output=output,
        scores=scores.name or output,
        activation=activation or "none",
        features=features.name if features is not None else None,
        axis=_axis(node, standard_opset(model))
        if node is not None and float_operator(node) in SOFTMAXES
        else None,
    )


def _axis(node: ir.Node, opset: int) -> int:
    operation = as_float(node)
    return integer(operation, "axis", opset=opset if operation.opset is None else operation.opset)


def _skip(value: ir.Value) -> ir.Value:
    while (node := value.producer()) is not None and node.op_type in _PASSIVE and node.inputs[0] is not None:
        value = node.inputs[0]
    return value


def _features(scores: ir.Value) -> ir.Value | None:
    seen: set[ir.Value] = set()
    value: ir.Value | None = scores
    while value is not None and value not in seen:
        seen.add(value)
        node = value.producer()
        if node is None:
            return None
        if float_operator(node) in _CLASSIFIERS and carries_signal(node.inputs[0]):
            return _unquantized(node.inputs[0])
        value = next((v for v in node.inputs if carries_signal(v)), None)
    return None


def _unquantized(value: ir.Value | None) -> ir.Value | None:
    """Return what codes were made of, where a quantizer made them right here."""
    node = value.producer() if value is not None else None
    return node.inputs[0] if node is not None and node.op_type in QUANTIZERS else value
