"""What a backward graph says, read from a value back."""

from __future__ import annotations

import onnx_ir as ir

from inspector.types.arrays import Array

STEEP = 1e38
"""The slope from which a HardSigmoid is the mask of what is above 0 (`Writer.positive`)."""


def both_ways(node: ir.Node | None, op_type: str) -> list[tuple[ir.Value, ir.Value]]:
    """Return the operands of an operator of two, in both orders; none where a node is another one."""
    if node is None or node.domain or node.op_type != op_type or len(node.inputs) != 2:
        return []
    first, second = node.inputs
    return [] if first is None or second is None else [(first, second), (second, first)]


def made_by(value: ir.Value, op_type: str) -> ir.Node | None:
    """Return the node that computes a value, where it is that standard operator."""
    node = value.producer()
    return node if node is not None and not node.domain and node.op_type == op_type else None


def constant(value: ir.Value | None) -> float | None:
    """Return the number that a constant of no axes is."""
    if value is None or value.const_value is None or value.const_value.shape.rank() != 0:
        return None
    return float(value.const_value.numpy())


def array_of(value: ir.Value | None) -> Array | None:
    """Return the array that a constant is."""
    return None if value is None or value.const_value is None else value.const_value.numpy()
