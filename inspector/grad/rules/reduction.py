"""Reductions over axes."""

from __future__ import annotations

import math

import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import Gradients, operand, optional, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer, optional_integers


@rule("ReduceMean", "ReduceSum")
def reduce_mean(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy (divided by the count, for the mean) at every element that was reduced."""
    x = operand(node, 0)
    rank = b.rank(x)
    axes = _axes(b, node)
    if not axes:
        return _first(node, gy)
    sizes = b.sizes(x, *axes)
    gy = _kept(b, node, gy)
    if node.op_type == "ReduceMean":
        gy = b.op("Div", gy, b.constant(math.prod(sizes)))
    shape = [1] * rank
    for axis, size in zip(axes, sizes, strict=True):
        shape[axis] = size
    return _first(node, b.op("Expand", gy, b.ints(shape)))


@rule("ReduceSumSquare")
def reduce_sum_square(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = Σ x²: gx = 2·x·gy."""
    x = b.saved(operand(node, 0))
    return _first(node, b.op("Mul", b.op("Mul", x, b.constant(2)), _kept(b, node, gy)))


@rule("ReduceL1")
def reduce_l1(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = Σ |x|: gx = sign(x)·gy."""
    return _first(node, b.op("Mul", b.op("Sign", b.saved(operand(node, 0))), _kept(b, node, gy)))


@rule("ReduceL2")
def reduce_l2(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = √(Σ x²): gx = x·gy/y (0 where y = 0)."""
    y = b.saved(node.outputs[0])
    length = b.op("Where", b.op("Equal", y, b.constant(0)), b.constant(1), y)
    return _first(node, b.op("Mul", b.saved(operand(node, 0)), _kept(b, node, b.op("Div", gy, length))))


@rule("ReduceLogSum")
def reduce_log_sum(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = ln Σ x: gx = gy·exp(−y) at every element."""
    share = _kept(b, node, b.op("Mul", gy, b.op("Exp", b.op("Neg", b.saved(node.outputs[0])))))
    # Expanding needs no sizes this way: the shape is that of a saved tensor.
    return _first(node, b.op("Expand", share, b.op("Shape", b.saved(operand(node, 0)))))


@rule("ReduceLogSumExp")
def reduce_log_sum_exp(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = ln Σ eˣ: gx = gy·exp(x − y)."""
    y = _kept(b, node, b.saved(node.outputs[0]))
    share = b.op("Exp", b.op("Sub", b.saved(operand(node, 0)), y))
    return _first(node, b.op("Mul", share, _kept(b, node, gy)))


@rule("ReduceProd")
def reduce_prod(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = Π x: gx_i = gy · Π_{j≠i} x_j, also where elements are 0."""
    x, axes = b.saved(operand(node, 0)), _axes(b, node)
    if not axes:
        return _first(node, gy)
    zero = b.op("Equal", x, b.constant(0))
    filled = b.op("Where", zero, b.constant(1), x)
    product = b.op("ReduceProd", filled, b.ints(axes), keepdims=1)
    # The others' product is 0 where one of them is: where there are more zeros than the element itself.
    is_zero = b.to_float(zero)
    other_zeros = b.op("Sub", b.op("ReduceSum", is_zero, b.ints(axes), keepdims=1), is_zero)
    others = b.op(
        "Where", b.op("Greater", other_zeros, b.constant(0.5)), b.constant(0), b.op("Div", product, filled)
    )
    return _first(node, b.op("Mul", others, _kept(b, node, gy)))


@rule("ReduceMax", "ReduceMin")
def reduce_extremum(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """The first element that equals y gets gy, in the order of the axes."""
    x, axes = b.saved(operand(node, 0)), _axes(b, node)
    y = _kept(b, node, b.saved(node.outputs[0]))
    chosen = b.to_float(b.op("Equal", x, y))
    for index, axis in enumerate(axes):
        later = axes[index + 1 :]
        found = b.op("ReduceMax", chosen, b.ints(later), keepdims=1) if later else chosen
        before = b.op("CumSum", found, b.ints(axis), exclusive=1)
        chosen = b.op("Mul", chosen, b.op("Sub", b.constant(1), b.positive(before)))
    return _first(node, b.op("Mul", chosen, _kept(b, node, gy)))


def _first(node: ir.Node, gx: ir.Value) -> Gradients:
    return [gx, *[None] * (len(node.inputs) - 1)]


def _kept(b: Builder, node: ir.Node, value: ir.Value) -> ir.Value:
    """Give a value of the output's shape the reduced axes back, with size 1."""
    axes, keepdims = _axes(b, node), integer(node, "keepdims")
    if not axes or keepdims:
        return value
    return b.op("Unsqueeze", value, b.ints(axes))


def _axes(b: Builder, node: ir.Node) -> list[int]:
    """Read the axes: an attribute, or an input since 18 (ReduceSum: 13); none means all, unless told otherwise."""
    rank = b.rank(operand(node, 0))
    attribute = optional_integers(node, "axes")
    if attribute is not None:
        given = list(attribute)
    else:
        value = optional(node, 1)
        array = b.fixed(value)
        if value is not None and array is None:
            raise UnsupportedOperatorError(
                f"Node {node.name!r} is a {node.op_type} over computed axes; the backward rule needs constant axes. "
                "Simplify the model at export (constant folding)."
            )
        given = [] if array is None else [int(axis) for axis in array.reshape(-1)]
    if not given and not integer(node, "noop_with_empty_axes"):
        given = list(range(rank))
    axes = sorted(axis % rank for axis in given)
    if 0 in axes:
        b.mix_batch()
    return axes
