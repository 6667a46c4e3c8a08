"""How the graph ends at an output: the scores before its last activation, what they become, and the features below."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from inspector.model.codes import carries_signal
from inspector.model.const import constant_value
from inspector.model.heads.context import Context
from inspector.model.heads.formulas import (
    activation_named,
    sigmoid_by_tanh,
    sigmoid_in_parts,
    softmax_axis,
    softmax_in_parts,
)
from inspector.model.heads.ranges import UNKNOWN_RANGE, Range, range_of
from inspector.operators.families import ARGUMENTS, DENSE, DEQUANTIZERS, QUANTIZERS, REARRANGERS, RESIZERS
from inspector.operators.operation import as_float
from inspector.operators.twins import float_operator

_PASSIVE = REARRANGERS | DEQUANTIZERS | {"Cast", "CastLike", "QuantizeLinear"}
"""Operators that hand the scores on as they are."""

_ACTIVATIONS = {
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "sigmoid",
}

_CLASSIFIERS = DENSE | {"Conv"}

_LINEAR = _CLASSIFIERS | {"ConvTranspose", "Add", "Sub", "BatchNormalization", "GlobalAveragePool", "Einsum"}
"""After them numbers have either sign."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What the structure says of one output."""

    output: str
    scores: str
    """The tensor before the final activation (S_c in Simonyan et al. 2014, §3), or the output where there is none."""
    activation: str
    """"softmax", "log_softmax", "sigmoid", or "none" where the output itself is the score."""
    features: str | None
    """The tensor that the last dense (or 1×1 convolution) layer reads: the penultimate features."""
    axis: int | None = None
    """The axis of `scores` that a final Softmax runs along; None without one."""
    range: Range = UNKNOWN_RANGE
    """What is known of the output's values."""
    argument_axis: int | None = None
    """The axis that a final ArgMax ran along: the output holds class numbers, and `scores` what they are numbers in."""
    is_linear: bool = False
    """Whether the output's numbers may have either sign."""


def find_ending(value: ir.Value, context: Context) -> Ending:
    """Return how the graph ends at one of its outputs."""
    output = value.name or ""
    known = range_of(value, context)
    passed = _skip(value)
    node = passed.producer()
    if node is not None and node.op_type in ARGUMENTS and node.inputs[0] is not None:
        below = find_ending(node.inputs[0], context)
        return Ending(
            output=output,
            scores=below.scores,
            activation=below.activation,
            features=below.features,
            axis=context.axis(as_float(node), 0),
            range=known,
            argument_axis=context.axis(as_float(node), 0),
        )
    scores, activation, axis = _activated(value, context) or (value, "none", None)
    features = features_below(scores)
    return Ending(
        output=output,
        scores=scores.name or output,
        activation=activation,
        features=features.name if features is not None else None,
        axis=axis,
        range=known,
        is_linear=_is_linear(passed) and known.low < 0,
    )


def _activated(value: ir.Value, context: Context) -> tuple[ir.Value, str, int | None] | None:
    """Return the scores, their activation and its axis, seen through what keeps the order of the values."""
    seen = value
    while (node := seen.producer()) is not None and node.inputs and node.inputs[0] is not None:
        operation = activation_named(node)
        if operation is not None:
            axis = softmax_axis(operation, context) if "Softmax" in operation.op_type else None
            return node.inputs[0], _ACTIVATIONS[operation.op_type], axis
        parts = softmax_in_parts(node, context)
        if parts is not None:
            return parts[0], "softmax", parts[1]
        squashed = sigmoid_in_parts(node) or sigmoid_by_tanh(node)
        if squashed is not None and range_of(value, context).are_fractions:
            return squashed, "sigmoid", None
        below = _order_kept(node)
        if below is None:
            return None
        seen = below
    return None


def _order_kept(node: ir.Node) -> ir.Value | None:
    """Return what a node only hands on, cuts off at bounds, or multiplies by a number."""
    if node.op_type in _PASSIVE or node.op_type == "Clip":
        return node.inputs[0]
    if node.op_type in ("Mul", "Div"):
        kept, factor = node.inputs
        if node.op_type == "Mul" and constant_value(kept) is not None:
            kept, factor = factor, kept
        number = constant_value(factor)
        if number is not None and number.size == 1 and float(number.reshape(-1)[0]) > 0:
            return kept
    return None


def _is_linear(value: ir.Value) -> bool:
    """Return whether a layer gives the values as they are, or enlarged or cut."""
    node = value.producer()
    while node is not None and node.op_type in _SAME_VALUES and node.inputs[0] is not None:
        node = node.inputs[0].producer()
    return node is None or float_operator(node) in _LINEAR


_SAME_VALUES = _PASSIVE | RESIZERS | {"Slice", "Gather", "Split", "Pad"}


def _skip(value: ir.Value) -> ir.Value:
    while (node := value.producer()) is not None and node.op_type in _PASSIVE and node.inputs[0] is not None:
        value = node.inputs[0]
    return value


def features_below(scores: ir.Value) -> ir.Value | None:
    """Return what the last dense or convolutional layer before a tensor reads."""
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
