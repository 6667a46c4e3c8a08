"""Reductions over axes."""

from __future__ import annotations

import math

import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.builder import Builder
from inspector.grad.rule import Gradients, operand, rule


@rule("ReduceMean", "ReduceSum")
def reduce_mean(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy (divided by the count, for the mean) at every element that was reduced."""
    x = operand(node, 0)
    rank = b.rank(x)
    axes = _axes(b, node, rank)
    if 0 in axes:
        b.mix_batch()
    if not axes:
        return [gy, *[None] * (len(node.inputs) - 1)]
    sizes = b.sizes(x, *axes)
    if not node.attributes.get_int("keepdims", 1):
        gy = b.op("Unsqueeze", gy, b.ints(axes))
    if node.op_type == "ReduceMean":
        gy = b.op("Div", gy, b.constant(math.prod(sizes)))
    shape = [1] * rank
    for axis, size in zip(axes, sizes, strict=True):
        shape[axis] = size
    return [b.op("Expand", gy, b.ints(shape)), *[None] * (len(node.inputs) - 1)]


def _axes(b: Builder, node: ir.Node, rank: int) -> list[int]:
    """Read the axes: an attribute, or an input since 18 (ReduceSum: 13); none means all, unless told otherwise."""
    if "axes" in node.attributes:
        axes = list(node.attributes["axes"].as_ints())
    else:
        given = node.inputs[1] if len(node.inputs) > 1 else None
        array = b.array(given)
        if given is not None and array is None:
            raise UnsupportedOperatorError(
                f"Node {node.name!r} is a {node.op_type} over computed axes; the backward rule needs constant axes. "
                "Simplify the model at export (constant folding)."
            )
        axes = [] if array is None else [int(a) for a in array]
    if not axes and not node.attributes.get_int("noop_with_empty_axes", 0):
        return list(range(rank))
    return sorted(axis % rank for axis in axes)
