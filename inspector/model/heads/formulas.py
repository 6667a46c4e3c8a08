"""Activations that exporters write in parts: x / Σ x, x / ‖x‖, Softmax by Exp, Sigmoid by Exp or Tanh."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.model.const import Array as Constant
from inspector.model.const import constant_value
from inspector.model.heads.context import Context
from inspector.operators.attributes import integer, optional_integers
from inspector.operators.families import IDENTITIES
from inspector.operators.operation import Operation, as_float
from inspector.operators.twins import float_operator

_ASIDE = IDENTITIES | {"Add", "Cast", "Clip", "Expand", "Max", "Reshape", "Unsqueeze"}
"""What stands between a sum and the division by it: it keeps off 0, or gives the sum its old shape."""


def softmax_axis(operation: Operation, context: Context) -> int | None:
    """Return the axis along which a Softmax sums to 1; below opset 13 it is one over all later axes together."""
    axis, shape = context.axis(operation), context.shape(operation.inputs[0])
    opset = context.opset if operation.opset is None else operation.opset
    if opset >= 13 or axis is None or shape is None:
        return axis
    wide = [place for place, size in enumerate(shape) if place >= axis and size != 1]
    if not wide:
        return axis
    return wide[0] if len(wide) == 1 else None


def sum_axis(top: ir.Value | None, bottom: ir.Value | None, context: Context) -> int | None:
    """Return the axis along which `bottom` is the sum of `top`."""
    node = _behind(bottom)
    if (
        top is None
        or node is None
        or node.op_type not in ("ReduceSum", "ReduceL1")
        or node.inputs[0] is not top
    ):
        return None
    return _reduced(node, context)


def norm_axis(top: ir.Value | None, bottom: ir.Value | None, context: Context) -> int | None:
    """Return the axis along which `bottom` is the norm of `top`."""
    node = _behind(bottom)
    if top is None or node is None:
        return None
    if node.op_type == "ReduceL2":
        return _reduced(node, context) if node.inputs[0] is top else None
    if node.op_type not in ("Sqrt", "Pow"):
        return None
    summed = _behind(node.inputs[0])
    if summed is None or summed.op_type not in ("ReduceSum", "ReduceSumSquare"):
        return None
    if summed.op_type == "ReduceSumSquare":
        return _reduced(summed, context) if summed.inputs[0] is top else None
    square = summed.inputs[0].producer() if summed.inputs[0] is not None else None
    is_square = square is not None and (
        (square.op_type == "Mul" and square.inputs[0] is square.inputs[1] is top)
        or (square.op_type == "Pow" and square.inputs[0] is top and _is(square.inputs[1], 2))
    )
    return _reduced(summed, context) if is_square else None


def softmax_in_parts(node: ir.Node, context: Context) -> tuple[ir.Value, int | None] | None:
    """Return what exp(z) / Σ exp(z), or exp(z − max z) / Σ, is the Softmax of, and along which axis."""
    if node.op_type != "Div":
        return None
    top, bottom = node.inputs
    axis = sum_axis(top, bottom, context)
    made = top.producer() if top is not None else None
    if axis is None or made is None or made.op_type != "Exp" or made.inputs[0] is None:
        return None
    shifted = made.inputs[0].producer()
    if shifted is not None and shifted.op_type == "Sub" and shifted.inputs[0] is not None:
        largest = _behind(shifted.inputs[1])
        if largest is not None and largest.op_type == "ReduceMax" and largest.inputs[0] is shifted.inputs[0]:
            return shifted.inputs[0], axis
    return made.inputs[0], axis


def sigmoid_in_parts(node: ir.Node) -> ir.Value | None:
    """Return what 1 / (1 + exp(−x)) is the Sigmoid of; by whichever of Div, Reciprocal and Pow."""
    match node.op_type:
        case "Div":
            bottom = node.inputs[1] if _is(node.inputs[0], 1) else None
        case "Reciprocal":
            bottom = node.inputs[0]
        case "Pow":
            bottom = node.inputs[0] if _is(node.inputs[1], -1) else None
        case _:
            return None
    plus = bottom.producer() if bottom is not None else None
    if plus is None or plus.op_type != "Add":
        return None
    for one, other in (plus.inputs[:2], plus.inputs[1::-1]):
        made = other.producer() if other is not None and _is(one, 1) else None
        if made is not None and made.op_type == "Exp" and made.inputs[0] is not None:
            return _negated(made.inputs[0].producer())
    return None


def sigmoid_by_tanh(node: ir.Node) -> ir.Value | None:
    """Return what (tanh(x/2) + 1) / 2 squashes, up to a factor: the order is that of x."""
    tail: ir.Node | None = node
    for _ in range(3):
        if tail is None:
            return None
        if tail.op_type == "Tanh":
            return tail.inputs[0]
        if tail.op_type not in ("Mul", "Div", "Add"):
            return None
        factors = [one for one in tail.inputs if constant_value(one) is None]
        constants = [constant for one in tail.inputs if (constant := constant_value(one)) is not None]
        if len(factors) != 1 or not all(_is_positive_number(constant) for constant in constants):
            return None
        tail = factors[0].producer() if factors[0] is not None else None
    return tail.inputs[0] if tail is not None and tail.op_type == "Tanh" else None


def _negated(node: ir.Node | None) -> ir.Value | None:
    if node is None:
        return None
    if node.op_type == "Neg":
        return node.inputs[0]
    if node.op_type == "Mul":
        for one, other in (node.inputs[:2], node.inputs[1::-1]):
            if _is(one, -1):
                return other
    if node.op_type == "Sub" and _is(node.inputs[0], 0):
        return node.inputs[1]
    return None


def _behind(value: ir.Value | None) -> ir.Node | None:
    """Return the node that computes a value, seen through what only keeps it off 0 or gives it another shape."""
    node = value.producer() if value is not None else None
    while node is not None and node.op_type in _ASIDE:
        computed = [one for one in node.inputs if one is not None and constant_value(one) is None]
        source = node.inputs[0] if node.op_type not in ("Add", "Max") or len(computed) != 1 else computed[0]
        node = source.producer() if source is not None else None
    return node


def _reduced(node: ir.Node, context: Context) -> int | None:
    """Return the only axis that a reduction runs over."""
    axes = optional_integers(node, "axes")
    if axes is None and len(node.inputs) > 1:
        given = constant_value(node.inputs[1])
        axes = None if given is None else tuple(int(axis) for axis in np.atleast_1d(given))
    if axes is None and len(node.inputs) < 2 and integer(node, "keepdims", 1):
        shape = context.shape(node.inputs[0])
        wide = [axis for axis, size in enumerate(shape or ()) if axis > 0 and size != 1]
        axes = tuple(wide)
    rank = context.rank(node.inputs[0])
    if axes is None or len(axes) != 1:
        return None
    if axes[0] >= 0:
        return axes[0]
    return None if rank is None else axes[0] + rank


def _is_positive_number(constant: Constant) -> bool:
    return constant.size == 1 and float(constant.reshape(-1)[0]) > 0


def _is(value: ir.Value | None, number: float) -> bool:
    constant = constant_value(value)
    return constant is not None and constant.size > 0 and bool((constant == number).all())


def activation_named(node: ir.Node) -> Operation | None:
    """Return a node as the float operation that it stands for, where that is a final activation."""
    return (
        as_float(node)
        if float_operator(node) in {"LogSoftmax", "Sigmoid", "Softmax", "HardSigmoid"}
        else None
    )
