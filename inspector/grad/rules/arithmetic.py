"""Arithmetic on two or more tensors, with broadcasting."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.rule import Gradients, rule
from inspector.grad.writing.builder import Builder


@rule("Add", "Sum")
def add(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Every operand gets gy, summed over what was broadcast."""
    return [b.unbroadcast(gy, x, node.outputs[0]) for x in _operands(node)]


@rule("Sub")
def sub(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """ga = gy, gb = −gy."""
    x, y = _operands(node)
    out = node.outputs[0]
    return [b.unbroadcast(gy, x, out), b.unbroadcast(b.op("Neg", gy), y, out)]


@rule("Mul")
def mul(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """ga = gy·b, gb = gy·a."""
    x, y = _operands(node)
    out = node.outputs[0]
    return [
        b.unbroadcast(b.op("Mul", gy, b.saved(y)), x, out),
        b.unbroadcast(b.op("Mul", gy, b.saved(x)), y, out),
    ]


@rule("Div")
def div(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """ga = gy/b, gb = −gy·y/b, with y = a/b."""
    x, y = _operands(node)
    out = node.outputs[0]
    share = b.op("Div", gy, b.saved(y))
    return [
        b.unbroadcast(share, x, out),
        b.unbroadcast(b.op("Neg", b.op("Mul", share, b.saved(out))), y, out),
    ]


@rule("Neg")
def neg(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:  # noqa: ARG001
    """gx = −gy."""
    return [b.op("Neg", gy)]


@rule("Mean")
def mean(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Every one of n operands gets gy/n."""
    operands = _operands(node)
    share = b.op("Mul", gy, b.constant(1 / len(operands)))
    return [b.unbroadcast(share, x, node.outputs[0]) for x in operands]


@rule("Pow")
def power(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy·n·xⁿ⁻¹ (0 where n = 0), gn = gy·y·ln x (0 where x ≤ 0, where y is not smooth in n)."""
    base, exponent = _operands(node)
    out = node.outputs[0]
    x = b.saved(base)
    n = b.to_float(b.saved(exponent))  # an integer is allowed since opset 12
    zero = b.constant(0)
    lowered = b.op("Where", b.op("Equal", n, zero), zero, b.op("Sub", n, b.constant(1)))
    gx = b.op("Mul", gy, b.op("Mul", n, b.op("Pow", x, lowered)))
    logarithm = b.op("Log", b.op("Where", b.op("Greater", x, zero), x, b.constant(1)))
    gn = b.op("Mul", gy, b.op("Mul", b.saved(out), logarithm))
    return [b.unbroadcast(gx, base, out), b.unbroadcast(gn, exponent, out)]


@rule("Mod", since=10)
def mod(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = a − q·b with a whole quotient q: ga = gy, gb = −gy·q."""
    x, y = _operands(node)
    out = node.outputs[0]
    quotient = b.op("Round", b.op("Div", b.op("Sub", b.saved(x), b.saved(out)), b.saved(y)))
    return [b.unbroadcast(gy, x, out), b.unbroadcast(b.op("Neg", b.op("Mul", gy, quotient)), y, out)]


def _operands(node: ir.Node) -> list[ir.Value]:
    return [value for value in node.inputs if value is not None]
