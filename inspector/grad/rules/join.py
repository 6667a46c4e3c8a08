"""Concat and Split."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer


@rule("Concat")
def concat(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Every operand gets its part of gy."""
    axis = integer(node, "axis", 1) % b.rank(node.outputs[0])
    if axis == 0:
        b.mix_batch()
    operands = [x for x in node.inputs if x is not None]
    return b.split(gy, [b.sizes(x, axis)[0] for x in operands], axis=axis)


@rule("Split")
def split(b: Builder, node: ir.Node, *gys: ir.Value | None) -> Gradients:
    """gx = the gradients of the parts side by side; zeros for a part that nobody uses."""
    axis = integer(node, "axis") % b.rank(operand(node, 0))
    if axis == 0:
        b.mix_batch()
    present = next(gy for gy in gys if gy is not None)
    unused = [None] * (len(node.outputs) - len(gys))
    parts = [
        gy if gy is not None else _zeros_beside(b, present, axis=axis, size=b.sizes(part, axis)[0])
        for gy, part in zip([*gys, *unused], node.outputs, strict=True)
    ]
    return [b.op("Concat", *parts, axis=axis), *[None] * (len(node.inputs) - 1)]


def _zeros_beside(b: Builder, value: ir.Value, *, axis: int, size: int) -> ir.Value:
    """Write zeros in the shape of a value, but for one axis."""
    before = [b.op("Shape", value, start=0, end=axis)] if axis else []
    shape = b.op("Concat", *before, b.ints([size]), b.op("Shape", value, start=axis + 1), axis=0)
    return b.op("ConstantOfShape", shape, value=ir.tensor(np.zeros(1, b.numpy_dtype)))
