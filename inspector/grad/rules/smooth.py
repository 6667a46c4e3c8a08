"""Smooth functions of one element: gx = f'(x) · gy."""

from __future__ import annotations

import math

import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder


@rule("Abs")
def absolute(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy · sign(x) (0 at 0)."""
    return [b.op("Mul", gy, b.op("Sign", b.saved(operand(node, 0))))]


@rule("Exp")
def exp(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy·y."""
    return [b.op("Mul", gy, b.saved(node.outputs[0]))]


@rule("Log")
def log(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy/x."""
    return [b.op("Div", gy, b.saved(operand(node, 0)))]


@rule("Sqrt")
def sqrt(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy/(2·y)."""
    return [b.op("Div", gy, b.op("Mul", b.constant(2), b.saved(node.outputs[0])))]


@rule("Reciprocal")
def reciprocal(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = −gy·y²."""
    y = b.saved(node.outputs[0])
    return [b.op("Neg", b.op("Mul", gy, b.op("Mul", y, y)))]


@rule("Erf")
def erf(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy · 2/√π · exp(−x²)."""
    x = b.saved(operand(node, 0))
    bell = b.op("Exp", b.op("Neg", b.op("Mul", x, x)))
    return [b.op("Mul", gy, b.op("Mul", bell, b.constant(2 / math.sqrt(math.pi))))]


@rule("Sin")
def sin(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy·cos x."""
    return [b.op("Mul", gy, b.op("Cos", b.saved(operand(node, 0))))]


@rule("Cos")
def cos(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = −gy·sin x."""
    return [b.op("Neg", b.op("Mul", gy, b.op("Sin", b.saved(operand(node, 0)))))]


@rule("Tan")
def tan(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy · (1 + y²)."""
    y = b.saved(node.outputs[0])
    return [b.op("Mul", gy, b.op("Add", b.op("Mul", y, y), b.constant(1)))]


@rule("Sinh")
def sinh(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy·cosh x."""
    return [b.op("Mul", gy, b.op("Cosh", b.saved(operand(node, 0))))]


@rule("Cosh")
def cosh(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy·sinh x."""
    return [b.op("Mul", gy, b.op("Sinh", b.saved(operand(node, 0))))]


@rule("Tanh")
def tanh(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy · (1 − y²)."""
    y = b.saved(node.outputs[0])
    return [b.op("Mul", gy, b.op("Sub", b.constant(1), b.op("Mul", y, y)))]


@rule("Asin")
def asin(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy/√(1 − x²)."""
    return [b.op("Div", gy, b.op("Sqrt", _square_plus(b, node, 1, sign=-1)))]


@rule("Acos")
def acos(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = −gy/√(1 − x²)."""
    return [b.op("Neg", b.op("Div", gy, b.op("Sqrt", _square_plus(b, node, 1, sign=-1))))]


@rule("Atan")
def atan(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy/(1 + x²)."""
    return [b.op("Div", gy, _square_plus(b, node, 1))]


@rule("Asinh")
def asinh(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy/√(x² + 1)."""
    return [b.op("Div", gy, b.op("Sqrt", _square_plus(b, node, 1)))]


@rule("Acosh")
def acosh(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy/√(x² − 1)."""
    return [b.op("Div", gy, b.op("Sqrt", _square_plus(b, node, -1)))]


@rule("Atanh")
def atanh(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy/(1 − x²)."""
    return [b.op("Div", gy, _square_plus(b, node, 1, sign=-1))]


def _square_plus(b: Builder, node: ir.Node, constant: float, *, sign: int = 1) -> ir.Value:
    x = b.saved(operand(node, 0))
    square = b.op("Mul", x, x)
    return b.op("Add" if sign > 0 else "Sub", b.constant(constant), square)
