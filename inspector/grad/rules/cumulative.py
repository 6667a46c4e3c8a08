"""Running sums and products along one axis."""

from __future__ import annotations

import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import flag, integer


@rule("CumSum", since=11)
def cumulative_sum(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = the running sum of gy from the other end."""
    axis = _axis(b, node)
    reverse = integer(node, "reverse")
    exclusive = integer(node, "exclusive")
    return [b.op("CumSum", gy, b.ints(axis), exclusive=exclusive, reverse=0 if reverse else 1), None]


@rule("CumProd", since=26)
def cumulative_product(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx_i = p_i·s_i: p_i the product of what comes before i, s_i = gy_i + x_{i+1}·s_{i+1}.

    There is no division, so it holds at zeros too. Exclusive: s_i = gy_{i+1} + x_{i+1}·s_{i+1}.
    """
    axis = _axis(b, node)
    x = operand(node, 0)
    (size,) = b.sizes(x, axis)
    parts = b.split(b.saved(x), [1] * size, axis=axis)
    seeds = b.split(gy, [1] * size, axis=axis)
    order = range(size)[::-1] if flag(node, "reverse") else range(size)
    before: dict[int, ir.Value] = {}
    product = b.constant(1)
    for i in order:
        before[i] = product
        product = b.op("Mul", product, parts[i])
    gradients: dict[int, ir.Value] = {}
    later = b.op("Mul", seeds[0], b.constant(0))
    exclusive = integer(node, "exclusive")
    for i in reversed(order):
        total = later if exclusive else b.op("Add", seeds[i], later)
        gradients[i] = b.op("Mul", before[i], total)
        later = b.op("Mul", parts[i], total)
        later = b.op("Add", seeds[i], later) if exclusive else later
    return [b.op("Concat", *(gradients[i] for i in range(size)), axis=axis), None]


def _axis(b: Builder, node: ir.Node) -> int:
    axis = b.fixed(node.inputs[1])
    if axis is None:
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a {node.op_type} along a computed axis; the backward rule needs a constant one. "
            "Simplify the model at export (constant folding)."
        )
    found = int(axis.reshape(-1)[0]) % b.rank(operand(node, 0))
    if found == 0:
        b.mix_batch()
    return found
