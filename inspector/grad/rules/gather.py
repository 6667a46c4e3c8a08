"""Operators that take elements by index: the Gather family, TopK, ReverseSequence."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.movement import numbered, put_back_all, replace_axes, transposed_take
from inspector.operators.attributes import integer


@rule("Gather")
def gather(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[indices[i]] += gy[i] along the axis."""
    x, rank = operand(node, 0), b.rank(operand(node, 0))
    axis = integer(node, "axis") % rank
    indices = b.array(node.inputs[1])
    if indices is None:
        places = b.op("Gather", numbered(b, x), b.saved(operand(node, 1)), axis=axis)
        return [put_back_all(b, gy, places, x), None]
    if axis == 0:
        b.mix_batch()
    if indices.ndim != 1:
        gy = replace_axes(b, gy, axis, axis + indices.ndim, [indices.size])
    size = b.sizes(x, axis)[0]
    taken = indices.reshape(-1).astype(int) % size
    return [transposed_take(b, gy, taken, axis=axis, size=size, rank=rank), None]


@rule("GatherElements")
def gather_elements(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[…, indices[…, i, …], …] += gy[…, i, …]."""
    return _taken_back(
        b, node, "GatherElements", gy, {"axis": integer(node, "axis") % b.rank(operand(node, 0))}
    )


@rule("GatherND")
def gather_nd(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[indices[i]] += gy[i], for indices along several axes."""
    return _taken_back(b, node, "GatherND", gy, {"batch_dims": integer(node, "batch_dims")})


def _taken_back(
    b: Builder, node: ir.Node, op_type: str, gy: ir.Value, attributes: dict[str, Any]
) -> Gradients:
    x = operand(node, 0)
    places = b.op(op_type, numbered(b, x), b.saved(operand(node, 1)), **attributes)
    return [put_back_all(b, gy, places, x), None]


@rule("TopK")
def top_k(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[indices[i]] = gy[i]: the values that were chosen get the gradient."""
    x = operand(node, 0)
    axis = integer(node, "axis") % b.rank(x)
    places = b.op("GatherElements", numbered(b, x), b.saved(node.outputs[1]), axis=axis)
    return [put_back_all(b, gy, places, x), *[None] * (len(node.inputs) - 1)]


@rule("ReverseSequence")
def reverse_sequence(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy, reversed again."""
    b.mix_batch()  # lengths are per image
    batch, time = integer(node, "batch_axis"), integer(node, "time_axis")
    lengths = b.saved(operand(node, 1))
    return [b.op("ReverseSequence", gy, lengths, batch_axis=batch, time_axis=time), None]
