"""Activations: functions of one element, gx = f'(x) · gy."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.policies.rectifiers import clips_at_zero
from inspector.grad.rule import Gradients, operand, optional, rule
from inspector.grad.writing import curves
from inspector.grad.writing.builder import Builder
from inspector.model.uniform import bound_of
from inspector.operators.attributes import number, text


@rule("Relu")
def relu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where y > 0 (0 at 0)."""
    return [b.op("Mul", gy, b.positive(b.saved(node.outputs[0])))]


@rule("Clip")
def clip(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where min < y < max (0 at both bounds, as ReLU6)."""
    y = b.saved(node.outputs[0])
    low, high = _bound(b, node, "min", 1), _bound(b, node, "max", 2)
    # Between the bounds the product of the distances to them is positive: one mask serves both.
    distances = [] if low is None else [y if clips_at_zero(node) else b.op("Sub", y, low)]
    distances += [] if high is None else [b.op("Sub", high, y)]
    if not distances:
        return [gy, *[None] * (len(node.inputs) - 1)]
    inside = distances[0] if len(distances) == 1 else b.op("Mul", *distances)
    return [b.op("Mul", gy, b.positive(inside)), *[None] * (len(node.inputs) - 1)]


def _bound(b: Builder, node: ir.Node, name: str, index: int) -> ir.Value | None:
    known = bound_of(node, name, index)
    if known is not None:
        return b.constant(known)
    value = optional(node, index)
    return None if value is None else b.op("Reshape", b.saved(value), b.ints([]))


@rule("LeakyRelu")
def leaky_relu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where x > 0, else alpha·gy."""
    alpha = number(node, "alpha")
    return [_two_slopes(b, gy, operand(node, 0), b.constant(alpha))]


@rule("PRelu")
def prelu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where x > 0, else slope·gy; gslope = gy·x where x ≤ 0."""
    x, slope = operand(node, 0), operand(node, 1)
    below = b.op("Mul", gy, b.op("Neg", b.op("Relu", b.op("Neg", b.saved(x)))))
    return [_two_slopes(b, gy, x, b.saved(slope)), b.unbroadcast(below, slope, node.outputs[0])]


def _two_slopes(b: Builder, gy: ir.Value, x: ir.Value, slope: ir.Value) -> ir.Value:
    mask = b.positive(b.saved(x))
    below = b.op("Mul", slope, b.op("Sub", b.constant(1), mask))
    return b.op("Mul", gy, b.op("Add", mask, below))


@rule("Sigmoid")
def sigmoid(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy · y·(1 − y)."""
    y = b.saved(node.outputs[0])
    return [b.op("Mul", gy, b.op("Mul", y, b.op("Sub", b.constant(1), y)))]


@rule("Elu")
def elu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where x > 0, else gy · (y + alpha)."""
    alpha = number(node, "alpha")
    return [_exponential_below(b, node, gy, slope=1.0, rate=1.0, alpha=alpha)]


@rule("Selu")
def selu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gamma·gy where x > 0, else gy · (y + gamma·alpha) (Klambauer et al. 2017, eq. 2)."""
    alpha = number(node, "alpha")
    gamma = number(node, "gamma")
    return [_exponential_below(b, node, gy, slope=gamma, rate=1.0, alpha=gamma * alpha)]


@rule("Celu", since=12)
def celu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where x > 0, else gy · (y/alpha + 1) (Barron 2017, eq. 2)."""
    return [_exponential_below(b, node, gy, slope=1.0, rate=1 / number(node, "alpha"), alpha=1.0)]


def _exponential_below(
    b: Builder, node: ir.Node, gy: ir.Value, *, slope: float, rate: float, alpha: float
) -> ir.Value:
    """gy·slope where x > 0, else gy · (rate·y + alpha)."""
    x, y = b.saved(operand(node, 0)), b.saved(node.outputs[0])
    mask = b.positive(x)
    curve = b.op("Add", y if rate == 1 else b.op("Mul", y, b.constant(rate)), b.constant(alpha))
    below = b.op("Mul", curve, b.op("Sub", b.constant(1), mask))
    above = mask if slope == 1 else b.op("Mul", mask, b.constant(slope))
    return b.op("Mul", gy, b.op("Add", above, below))


@rule("ThresholdedRelu")
def thresholded_relu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where x > alpha."""
    alpha = number(node, "alpha")
    return [b.op("Mul", gy, b.positive(b.op("Sub", b.saved(operand(node, 0)), b.constant(alpha))))]


@rule("Shrink", since=9)
def shrink(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where |x| > lambd."""
    lambd = number(node, "lambd")
    outside = b.op("Sub", b.op("Abs", b.saved(operand(node, 0))), b.constant(lambd))
    return [b.op("Mul", gy, b.positive(outside))]


@rule("Softplus")
def softplus(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy·σ(x)."""
    return [b.op("Mul", gy, b.op("Sigmoid", b.saved(operand(node, 0))))]


@rule("Softsign")
def softsign(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy/(1 + |x|)² = gy · (1 − |y|)²."""
    rest = b.op("Sub", b.constant(1), b.op("Abs", b.saved(node.outputs[0])))
    return [b.op("Mul", gy, b.op("Mul", rest, rest))]


@rule("Mish", since=18)
def mish(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x·tanh(softplus(x))."""
    return [curves.mish(b, b.saved(operand(node, 0)), gy)]


@rule("Swish", since=24)
def swish(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x·σ(alpha·x)."""
    return [curves.swish(b, b.saved(operand(node, 0)), gy, alpha=number(node, "alpha"))]


@rule("Gelu", since=20)
def gelu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x·c(x) with the normal distribution c, or with approximate="tanh" nearly."""
    curve = curves.tanh_gelu if text(node, "approximate") == "tanh" else curves.gelu
    return [curve(b, b.saved(operand(node, 0)), gy)]


@rule("HardSigmoid")
def hard_sigmoid(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = alpha·gy where 0 < y < 1."""
    y = b.saved(node.outputs[0])
    alpha = number(node, "alpha")
    return [b.op("Mul", b.op("Mul", gy, b.constant(alpha)), curves.inside_unit(b, y))]


@rule("HardSwish", since=14)
def hard_swish(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x·HardSigmoid(x), alpha = 1/6."""
    return [curves.hard_swish(b, b.saved(operand(node, 0)), gy)]
