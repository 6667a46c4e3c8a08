"""Operators that choose among tensors, element by element. Of equal values the first is chosen."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, optional, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer


@rule("Max", "Min")
def extremum(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """The first operand that equals y gets gy."""
    out = node.outputs[0]
    y = b.saved(out)
    operands = [value for value in node.inputs if value is not None]
    gradients = []
    left = gy  # what no operand has taken yet
    for x in operands:
        chosen = b.op("Equal", b.saved(x), y)
        gradients.append(b.unbroadcast(b.op("Where", chosen, left, b.constant(0)), x, out))
        left = b.op("Where", chosen, b.constant(0), left)
    return gradients


@rule("Where", since=9)
def where(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where the condition holds, gy' = gy elsewhere."""
    condition, x, y = (operand(node, index) for index in range(3))
    out, chosen, zero = node.outputs[0], b.saved(condition), b.constant(0)
    return [
        None,
        b.unbroadcast(b.op("Where", chosen, gy, zero), x, out),
        b.unbroadcast(b.op("Where", chosen, zero, gy), y, out),
    ]


@rule("Trilu", since=14)
def trilu(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = the same triangle of gy."""
    x = operand(node, 0)
    if b.rank(x) == 2:
        b.mix_batch()
    given = optional(node, 1)
    diagonal = [] if given is None else [b.saved(given)]
    gx = b.op("Trilu", gy, *diagonal, upper=integer(node, "upper"))
    return [gx, *[None] * (len(node.inputs) - 1)]
