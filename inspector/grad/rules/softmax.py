"""Softmax and LogSoftmax."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.rule import Gradients, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer


@rule("Softmax", "LogSoftmax", since=13)
def softmax(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Along one axis: gx = y·(gy − Σ gy·y); for the logarithm gx = gy − exp(y)·Σ gy."""
    rank = b.rank(node.outputs[0])
    return [_normalized(b, node, gy, [integer(node, "axis", opset=13) % rank])]


@rule("Softmax", "LogSoftmax", since=1)
def softmax_flattened(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Before opset 13 the axes from `axis` on are one."""
    rank = b.rank(node.outputs[0])
    axis = integer(node, "axis", opset=12)
    return [_normalized(b, node, gy, list(range(axis % rank, rank)))]


def _normalized(b: Builder, node: ir.Node, gy: ir.Value, axes: list[int]) -> ir.Value:
    if 0 in axes:
        b.mix_batch()
    y = b.saved(node.outputs[0])
    if node.op_type == "Softmax":
        mean = b.op("ReduceSum", b.op("Mul", gy, y), b.ints(axes), keepdims=1)
        return b.op("Mul", y, b.op("Sub", gy, mean))
    total = b.op("ReduceSum", gy, b.ints(axes), keepdims=1)
    return b.op("Sub", gy, b.op("Mul", b.op("Exp", y), total))
