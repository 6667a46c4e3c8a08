"""Operators that change a tensor's shape or the order of its elements."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.movement import numbered, put_back_all
from inspector.operators.attributes import integer, integers, text


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy in the shape of x."""
    x = operand(node, 0)
    before, after = b.shape(x), b.shape(node.outputs[0])
    if before and after and before[0] != after[0]:
        b.mix_batch()
    return [b.op("Reshape", gy, b.shape_like(x)), *[None] * (len(node.inputs) - 1)]


@rule("Transpose")
def transpose(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy, transposed by the inverse permutation."""
    rank = b.rank(operand(node, 0))
    perm = list(integers(node, "perm", range(rank)[::-1]))
    if perm and perm[0] != 0:
        b.mix_batch()
    return [b.op("Transpose", gy, perm=[int(i) for i in np.argsort(perm)])]


@rule("Identity", "Cast")
def identity(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:  # noqa: ARG001
    """gx = gy: a cast between floats changes no value that a gradient sees."""
    return [gy]


@rule("CastLike", since=15)
def cast_like(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy; what lends only its type gets 0."""
    return [gy, b.op("Expand", b.constant(0), b.op("Shape", b.saved(operand(node, 1))))]


@rule("Dropout")
def dropout(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy: nothing is dropped at inference."""
    training = b.array(node.inputs[2]) if len(node.inputs) > 2 else None
    if training is not None and training.any():
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a Dropout in training mode: its output is random. "
            "Export the model in inference mode (model.eval())."
        )
    return [gy, *[None] * (len(node.inputs) - 1)]


@rule("Expand")
def expand(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = Σ gy over the axes along which x was repeated."""
    return [b.unbroadcast(gy, operand(node, 0), node.outputs[0]), None]


@rule("Tile", since=6)
def tile(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = Σ gy over the copies."""
    x = operand(node, 0)
    repeats = b.array(node.inputs[1])
    if repeats is None:
        places = b.op("Tile", numbered(b, x), b.saved(operand(node, 1)))
        return [put_back_all(b, gy, places, x), None]
    if repeats[0] != 1:
        b.mix_batch()
    sizes = b.sizes(x, *range(1, b.rank(x)))
    # The batch, whose size is free, stands beside its copies as -1.
    parted = [int(repeats[0]), -1]
    for repeat, size in zip(repeats[1:], sizes, strict=True):
        parted += [int(repeat), size]
    copies = b.ints([2 * axis for axis in range(b.rank(x))])
    return [b.op("ReduceSum", b.op("Reshape", gy, b.ints(parted)), copies, keepdims=0), None]


@rule("DepthToSpace")
def depth_to_space(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = the blocks of gy, back in the channels."""
    channels, height, width = b.sizes(operand(node, 0), 1, 2, 3)
    block = integer(node, "blocksize")
    blocks = b.op("Reshape", gy, b.ints([-1, channels // block**2, height, block, width, block]))
    perm = [0, 1, 3, 5, 2, 4] if _column_first(node) else [0, 3, 5, 1, 2, 4]
    return [b.op("Reshape", b.op("Transpose", blocks, perm=perm), b.ints([-1, channels, height, width]))]


@rule("SpaceToDepth")
def space_to_depth(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = the channels of gy, back in the blocks."""
    block = integer(node, "blocksize")
    return [b.op("DepthToSpace", gy, blocksize=block, mode="CRD" if _column_first(node) else "DCR")]


def _column_first(node: ir.Node) -> bool:
    return text(node, "mode") == "CRD"
