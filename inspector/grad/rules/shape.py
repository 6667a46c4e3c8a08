"""Operators that move elements: reshaping, transposing, joining, cutting, padding."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.builder import Array, Builder
from inspector.grad.rule import Gradients, operand, rule


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
    perm = list(node.attributes["perm"].as_ints()) if "perm" in node.attributes else list(range(rank))[::-1]
    if perm[0] != 0:
        b.mix_batch()
    return [b.op("Transpose", gy, perm=[int(i) for i in np.argsort(perm)])]


@rule("Concat")
def concat(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Every operand gets its part of gy."""
    axis = node.attributes["axis"].as_int() % b.rank(node.outputs[0])
    if axis == 0:
        b.mix_batch()
    operands = [x for x in node.inputs if x is not None]
    return b.split(gy, [b.sizes(x, axis)[0] for x in operands], axis=axis)


@rule("Identity", "Cast")
def identity(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:  # noqa: ARG001
    """gx = gy: a cast between floats changes no value that a gradient sees."""
    return [gy]


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


@rule("Pad")
def pad(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy without the padding (negative pads give zeros back); constant mode."""
    mode = node.attributes.get_string("mode", "constant")
    if mode != "constant":
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a Pad in mode {mode!r}; the backward rule knows 'constant'."
        )
    pads = _pads(b, node)
    if pads[0] or pads[len(pads) // 2]:
        b.mix_batch()
    return [b.op("Pad", gy, b.ints([-int(p) for p in pads])), *[None] * (len(node.inputs) - 1)]


def _pads(b: Builder, node: ir.Node) -> Array:
    """Read the pads for all axes: an attribute until opset 11, then an input, for chosen axes since 18."""
    if "pads" in node.attributes:
        return np.asarray(node.attributes["pads"].as_ints())
    pads = b.array(node.inputs[1])
    if pads is None:
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a Pad by computed amounts; the backward rule needs constant pads. "
            "Simplify the model at export (constant folding)."
        )
    axes = b.array(node.inputs[3]) if len(node.inputs) > 3 else None
    if axes is None:
        return pads
    rank = b.rank(operand(node, 0))
    full = np.zeros(2 * rank, np.int64)
    full[np.concatenate([axes % rank, axes % rank + rank])] = pads
    return full
