"""Activations: functions of one element, gx = f'(x) · gy."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.builder import Builder
from inspector.grad.rectifiers import clips_at_zero
from inspector.grad.rule import Gradients, operand, rule


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
    if name in node.attributes:  # an attribute until opset 11, an input since
        return b.constant(node.attributes[name].as_float())
    value = node.inputs[index] if len(node.inputs) > index else None
    return None if value is None else b.saved(value)


@rule("LeakyRelu")
def leaky_relu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where x > 0, else alpha·gy."""
    alpha = node.attributes.get_float("alpha", 0.01) or 0.0
    return [_two_slopes(b, gy, operand(node, 0), b.constant(alpha))]


@rule("PRelu")
def prelu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where x > 0, else slope·gy."""
    x, slope = operand(node, 0), operand(node, 1)
    return [_two_slopes(b, gy, x, b.saved(slope)), None]


def _two_slopes(b: Builder, gy: ir.Value, x: ir.Value, slope: ir.Value) -> ir.Value:
    mask = b.positive(b.saved(x))
    below = b.op("Mul", slope, b.op("Sub", b.constant(1), mask))
    return b.op("Mul", gy, b.op("Add", mask, below))


@rule("Sigmoid")
def sigmoid(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy · y·(1 − y)."""
    y = b.saved(node.outputs[0])
    return [b.op("Mul", gy, b.op("Mul", y, b.op("Sub", b.constant(1), y)))]


@rule("Tanh")
def tanh(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy · (1 − y²)."""
    y = b.saved(node.outputs[0])
    return [b.op("Mul", gy, b.op("Sub", b.constant(1), b.op("Mul", y, y)))]


@rule("Elu")
def elu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where x > 0, else gy · (y + alpha)."""
    x, y = b.saved(operand(node, 0)), b.saved(node.outputs[0])
    alpha = node.attributes.get_float("alpha", 1.0) or 0.0
    mask = b.positive(x)
    below = b.op("Mul", b.op("Add", y, b.constant(alpha)), b.op("Sub", b.constant(1), mask))
    return [b.op("Mul", gy, b.op("Add", mask, below))]


@rule("HardSigmoid")
def hard_sigmoid(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = alpha·gy where 0 < y < 1."""
    y = b.saved(node.outputs[0])
    alpha = node.attributes.get_float("alpha", 0.2) or 0.0
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
