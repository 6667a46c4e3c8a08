"""Between which bounds the values of a tensor lie, and along which axis they sum to one: interval arithmetic.

What a network's last operators say of its numbers whatever it is given: a mean of two Softmax that was clipped and put
into another order still holds probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.contradictions import CONTRADICTIONS
from inspector.model.heads.context import Context, axis_after
from inspector.model.heads.formulas import norm_axis, softmax_axis, sum_axis
from inspector.operators.attributes import integer, number, optional_integers
from inspector.operators.families import DEQUANTIZERS, QUANTIZERS, REARRANGERS
from inspector.operators.operation import Operation, as_float

MAX_DEPTH = 48
"""How many operators are looked back."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """What is known of a tensor's values."""

    low: float = -inf
    high: float = inf
    axis: int | None = None
    """Along it the values sum to `total`."""
    total: float = 0.0
    log_axis: int | None = None
    """Along it the exponentials of the values sum to 1."""
    unit_axis: int | None = None
    """Along it the values have the norm 1."""

    @property
    def are_fractions(self) -> bool:
        """Whether all values lie from 0 to 1, but for a number that keeps a logarithm off 0."""
        return self.low >= -_TOLERANCE and self.high <= 1 + _TOLERANCE

    @property
    def sums_to_one(self) -> bool:
        """Whether the values are probabilities of which one holds."""
        return self.axis is not None and abs(self.total - 1) < _TOLERANCE and self.low >= 0


UNKNOWN_RANGE = Range()
_TOLERANCE = 1e-3
"""Weights of an ensemble are rounded."""
_NEXT_TO_NOTHING = 1e-6
"""What is added to keep a logarithm or a quotient off 0."""


def range_of(value: ir.Value | None, context: Context) -> Range:
    """Return what is known of a tensor's values from what computes them."""
    return _Walk(context).range_of(value, 0)


class _Walk:
    def __init__(self, context: Context) -> None:
        self.context = context
        self._known: dict[int, Range] = {}

    def range_of(self, value: ir.Value | None, depth: int) -> Range:
        if value is None or depth > MAX_DEPTH:
            return UNKNOWN_RANGE
        constant = constant_value(value)
        if constant is not None:
            if constant.size and np.issubdtype(constant.dtype, np.number) and np.isfinite(constant).all():
                return Range(low=float(constant.min()), high=float(constant.max()))
            return UNKNOWN_RANGE
        found = self._known.get(id(value))
        if found is None:
            found = self._known[id(value)] = self._computed(value, depth)
        return found

    def _computed(self, value: ir.Value, depth: int) -> Range:
        node = value.producer()
        if node is None:
            return UNKNOWN_RANGE
        operation = as_float(node)
        if node.op_type in QUANTIZERS or node.op_type in DEQUANTIZERS or operation.op_type in _SAME:
            return self._moved(node, self.range_of(node.inputs[0], depth + 1))
        if operation.op_type == "Div":
            special = self._quotient(operation, depth)
            if special is not None:
                return special
        rule = _RULES.get(operation.op_type)
        if rule is None:
            return UNKNOWN_RANGE
        inputs = [self.range_of(one, depth + 1) for one in operation.inputs]
        try:
            return rule(operation, inputs, self.context)
        except CONTRADICTIONS:
            return UNKNOWN_RANGE

    def _moved(self, node: ir.Node, found: Range) -> Range:
        """Follow the axes of what a node hands on."""
        if node.op_type not in REARRANGERS:
            return found
        axis, log_axis, unit_axis = (
            None if one is None else axis_after(node, one, self.context)
            for one in (found.axis, found.log_axis, found.unit_axis)
        )
        return replace(found, axis=axis, log_axis=log_axis, unit_axis=unit_axis)

    def _quotient(self, operation: Operation, depth: int) -> Range | None:
        """Return the range of x / Σ x, or of x / ‖x‖."""
        top, bottom = operation.inputs[0], operation.inputs[1]
        summed = sum_axis(top, bottom, self.context)
        if summed is not None and self.range_of(top, depth + 1).low >= 0:
            return Range(low=0, high=1, axis=summed, total=1)
        normed = norm_axis(top, bottom, self.context)
        return None if normed is None else Range(low=-1, high=1, unit_axis=normed)


Rule = Callable[[Operation, Sequence[Range], Context], Range]
_SAME = REARRANGERS | {"Cast", "CastLike"}


def _softmax(operation: Operation, _inputs: Sequence[Range], context: Context) -> Range:
    axis = softmax_axis(operation, context)
    if operation.op_type == "LogSoftmax":
        return Range(high=0, log_axis=axis)
    return Range(low=0, high=1, axis=axis, total=1)


def _normalized(operation: Operation, _inputs: Sequence[Range], context: Context) -> Range:
    euclidean = integer(operation, "p", 2) == 2
    return Range(low=-1, high=1, unit_axis=context.axis(operation, -1) if euclidean else None)


def _within(low: float, high: float) -> Rule:
    return lambda *_: Range(low=low, high=high)


def _clip(operation: Operation, inputs: Sequence[Range], _context: Context) -> Range:
    # Below opset 11 the bounds are attributes.
    low, high = number(operation, "min", -inf), number(operation, "max", inf)
    if len(inputs) > 1 and operation.inputs[1] is not None:
        low = inputs[1].low
    if len(inputs) > 2 and operation.inputs[2] is not None:
        high = inputs[2].high
    found = inputs[0]
    # A bound that only keeps off 0 and 1, for a logarithm, leaves probabilities what they are.
    keeps = found.are_fractions and low <= _TOLERANCE and high >= 1 - _TOLERANCE
    axis = found.axis if keeps else None
    return Range(
        low=min(max(found.low, low), high), high=max(min(found.high, high), low), axis=axis, total=found.total
    )


def _exp(_operation: Operation, inputs: Sequence[Range], _context: Context) -> Range:
    (found,) = inputs
    with np.errstate(over="ignore"):
        low, high = (float(np.exp(bound)) for bound in (found.low, found.high))
    return Range(low=low, high=high, axis=found.log_axis, total=1)


def _log(_operation: Operation, inputs: Sequence[Range], _context: Context) -> Range:
    (found,) = inputs
    high = float(np.log(found.high)) if 0 < found.high < inf else inf
    return Range(high=high, log_axis=found.axis if found.sums_to_one else None)


def _relu(_operation: Operation, inputs: Sequence[Range], _context: Context) -> Range:
    return Range(low=max(inputs[0].low, 0), high=max(inputs[0].high, 0))


def _neg(_operation: Operation, inputs: Sequence[Range], _context: Context) -> Range:
    return Range(low=-inputs[0].high, high=-inputs[0].low)


def _absolute(_operation: Operation, inputs: Sequence[Range], _context: Context) -> Range:
    return Range(low=0, high=max(abs(inputs[0].low), abs(inputs[0].high)))


def _sum(operation: Operation, inputs: Sequence[Range], _context: Context) -> Range:
    sign = -1 if operation.op_type == "Sub" else 1
    first, *others = inputs
    low = first.low + sum(one.low if sign > 0 else -one.high for one in others)
    high = first.high + sum(one.high if sign > 0 else -one.low for one in others)
    share = 1 / len(inputs) if operation.op_type == "Mean" else 1
    if all(max(abs(one.low), abs(one.high)) <= _NEXT_TO_NOTHING for one in others):
        return replace(first, low=low * share, high=high * share, total=first.total * share)
    same = sign > 0 and len({one.axis for one in inputs}) == 1
    total = sum(one.total for one in inputs) * share
    return Range(low=low * share, high=high * share, axis=first.axis if same else None, total=total)


def _product(operation: Operation, inputs: Sequence[Range], _context: Context) -> Range:
    left, right = inputs
    if operation.op_type == "Mul" and operation.inputs[0] is operation.inputs[1]:
        return Range(low=0)
    if operation.op_type == "Div":
        if right.low < 0 <= right.high:
            return UNKNOWN_RANGE
        right = Range(low=1 / right.high if right.high else inf, high=1 / right.low if right.low else inf)
    with np.errstate(invalid="ignore"):
        corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    corners = [0.0 if np.isnan(corner) else corner for corner in corners]
    low, high = min(corners), max(corners)
    for one, other in ((left, right), (right, left)):
        if one.axis is not None and other.low == other.high > 0:
            return Range(low=low, high=high, axis=one.axis, total=one.total * other.low)
    return Range(low=low, high=high)


def _reciprocal(operation: Operation, inputs: Sequence[Range], context: Context) -> Range:
    inverse = Operation(
        domain="",
        op_type="Div",
        inputs=[],
        outputs=[],
        attributes=operation.attributes,
        places=(),
        opset=None,
    )
    return _product(inverse, [Range(low=1, high=1), inputs[0]], context)


def _power(operation: Operation, inputs: Sequence[Range], context: Context) -> Range:
    exponent = inputs[1].low if inputs[1].low == inputs[1].high else None
    if exponent == -1:
        return _reciprocal(operation, inputs, context)
    return (
        Range(low=0) if (exponent is not None and exponent % 2 == 0) or inputs[0].low >= 0 else UNKNOWN_RANGE
    )


def _union(_operation: Operation, inputs: Sequence[Range], _context: Context) -> Range:
    return Range(low=min(one.low for one in inputs), high=max(one.high for one in inputs))


def _where(operation: Operation, inputs: Sequence[Range], context: Context) -> Range:
    return _union(operation, inputs[1:], context)


def _concat(operation: Operation, inputs: Sequence[Range], context: Context) -> Range:
    found = _union(operation, inputs, context)
    axes, along = {one.axis for one in inputs}, context.axis(operation, 1)
    (axis,) = axes if len(axes) == 1 else (None,)
    same = axis is not None and axis != along and len({one.total for one in inputs}) == 1
    return replace(found, axis=axis if same else None, total=inputs[0].total)


def _selected(operation: Operation, inputs: Sequence[Range], context: Context) -> Range:
    """Return the range of some of the values; of a distribution, where all of it is there, in whatever order."""
    found = Range(low=inputs[0].low, high=inputs[0].high)
    if operation.op_type != "Gather" or inputs[0].axis is None:
        return found
    along, order = context.axis(operation, 0), constant_value(operation.inputs[1])
    shape = context.shape(operation.inputs[0])
    if order is None or shape is None or along is None:
        return found
    if along == inputs[0].axis:
        is_whole = order.ndim == 1 and sorted(order.tolist()) == list(range(len(order)))
        return (
            replace(found, axis=along, total=inputs[0].total)
            if is_whole and shape[along] == order.size
            else found
        )
    moved = inputs[0].axis + (order.ndim - 1 if along < inputs[0].axis else 0)
    return replace(found, axis=moved, total=inputs[0].total)


def _averaged(operation: Operation, inputs: Sequence[Range], context: Context) -> Range:
    """Return the range of a mean or an extreme over axes: of stacked answers of several networks, for one."""
    found = Range(low=inputs[0].low, high=inputs[0].high)
    axes = optional_integers(operation, "axes")
    if axes is None and len(operation.inputs) > 1:
        given = constant_value(operation.inputs[1])
        axes = None if given is None else tuple(int(axis) for axis in given.reshape(-1))
    rank, axis = context.rank(operation.inputs[0]), inputs[0].axis
    if operation.op_type != "ReduceMean" or axes is None or rank is None or axis is None:
        return found
    over = {one % rank for one in axes}
    if axis in over:
        return found
    kept = integer(operation, "keepdims", 1)
    return replace(
        found, axis=axis if kept else axis - sum(one < axis for one in over), total=inputs[0].total
    )


_RULES: dict[str, Rule] = (
    dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax"), _softmax)
    | dict.fromkeys(("Sigmoid", "HardSigmoid"), _within(0, 1))
    | dict.fromkeys(("Tanh", "Softsign", "Erf", "Sin", "Cos"), _within(-1, 1))
    | dict.fromkeys(("Add", "Sub", "Sum", "Mean"), _sum)
    | dict.fromkeys(("Mul", "Div"), _product)
    | dict.fromkeys(("Concat", "ConcatFromSequence"), _concat)
    | dict.fromkeys(("Max", "Min"), _union)
    | dict.fromkeys(("Gather", "Slice", "Split", "GatherND", "GatherElements", "Expand", "Tile"), _selected)
    | dict.fromkeys(("ReduceMean", "ReduceMax", "ReduceMin"), _averaged)
    | dict.fromkeys(("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Upsample"), _selected)
    | dict.fromkeys(("Sqrt", "ReduceL1", "ReduceL2", "ReduceSumSquare", "Softplus"), _within(0, inf))
    | {
        "Abs": _absolute,
        "Clip": _clip,
        "Exp": _exp,
        "Log": _log,
        "LpNormalization": _normalized,
        "Relu": _relu,
        "Neg": _neg,
        "Pow": _power,
        "Reciprocal": _reciprocal,
        "Where": _where,
    }
)
