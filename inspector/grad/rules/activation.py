"""Activations: functions of one element, gx = f'(x) · gy."""

from __future__ import annotations

import math

import onnx_ir as ir

from inspector.grad.policies.rectifiers import clips_at_zero
from inspector.grad.rule import Gradients, operand, optional, rule
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
    """y = x·t, t = tanh(softplus(x)): gx = gy · (t + x·σ(x)·(1 − t²)) (Misra 2020, eq. 1)."""
    x = b.saved(operand(node, 0))
    t = b.op("Tanh", b.op("Softplus", x))
    rest = b.op("Sub", b.constant(1), b.op("Mul", t, t))
    return [b.op("Mul", gy, b.op("Add", t, b.op("Mul", b.op("Mul", x, b.op("Sigmoid", x)), rest)))]


@rule("Swish", since=24)
def swish(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x·s, s = σ(alpha·x): gx = gy · s·(1 + alpha·x·(1 − s)) (Ramachandran et al. 2017, §4.1)."""
    x = b.op("Mul", b.saved(operand(node, 0)), b.constant(number(node, "alpha")))
    s = b.op("Sigmoid", x)
    bend = b.op("Add", b.constant(1), b.op("Mul", x, b.op("Sub", b.constant(1), s)))
    return [b.op("Mul", gy, b.op("Mul", s, bend))]


@rule("Gelu", since=20)
def gelu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x·c(x): gx = gy · (c + x·c') (Hendrycks & Gimpel 2016, §2).

    c is the normal distribution (1 + erf(x/√2))/2, or with approximate="tanh" (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2.
    """
    x = b.saved(operand(node, 0))
    square = b.op("Mul", x, x)
    if text(node, "approximate") == "tanh":
        scale = math.sqrt(2 / math.pi)
        cubic = b.op("Mul", b.op("Add", b.op("Mul", square, b.constant(0.044715)), b.constant(1)), x)
        curve = b.op("Tanh", b.op("Mul", cubic, b.constant(scale)))
        inner = b.op("Add", b.op("Mul", square, b.constant(3 * 0.044715)), b.constant(1))
        rest = b.op("Sub", b.constant(1), b.op("Mul", curve, curve))
        density = b.op("Mul", b.op("Mul", rest, inner), b.constant(scale / 2))
    else:
        curve = b.op("Erf", b.op("Mul", x, b.constant(math.sqrt(0.5))))
        bell = b.op("Exp", b.op("Mul", square, b.constant(-0.5)))
        density = b.op("Mul", bell, b.constant(1 / math.sqrt(2 * math.pi)))
    c = b.op("Mul", b.op("Add", curve, b.constant(1)), b.constant(0.5))
    return [b.op("Mul", gy, b.op("Add", c, b.op("Mul", x, density)))]


@rule("HardSigmoid")
def hard_sigmoid(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = alpha·gy where 0 < y < 1."""
    y = b.saved(node.outputs[0])
    alpha = number(node, "alpha")
    return [b.op("Mul", b.op("Mul", gy, b.constant(alpha)), _inside(b, y))]


@rule("HardSwish", since=14)
def hard_swish(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x·h(x), h = HardSigmoid(alpha = 1/6): gx = gy · (h + x/6 where 0 < h < 1)."""
    x = b.saved(operand(node, 0))
    h = b.op(
        "Clip", b.op("Add", b.op("Mul", x, b.constant(1 / 6)), b.constant(0.5)), b.constant(0), b.constant(1)
    )
    slope = b.op("Mul", b.op("Mul", x, b.constant(1 / 6)), _inside(b, h))
    return [b.op("Mul", gy, b.op("Add", h, slope))]


def _inside(b: Builder, y: ir.Value) -> ir.Value:
    return b.positive(b.op("Mul", y, b.op("Sub", b.constant(1), y)))
