"""Arithmetic on two or more tensors, with broadcasting."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.builder import Builder
from inspector.grad.rule import Gradients, rule


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


@rule("Exp")
def exp(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy·y."""
    return [b.op("Mul", gy, b.saved(node.outputs[0]))]


@rule("Sqrt")
def sqrt(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy/(2·y)."""
    return [b.op("Div", gy, b.op("Mul", b.constant(2), b.saved(node.outputs[0])))]


def _operands(node: ir.Node) -> list[ir.Value]:
    return [value for value in node.inputs if value is not None]
