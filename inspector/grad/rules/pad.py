"""Pad, in all modes."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import Gradients, operand, optional, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.movement import transposed_take
from inspector.operators.attributes import optional_integers, text
from inspector.types.arrays import Array


@rule("Pad")
def pad(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy without the padding (negative pads give zeros back); what was a copy of x adds up where it came from."""
    mode = text(node, "mode")
    gx = _cut(b, node, gy) if mode == "constant" else _fold(b, node, gy, mode or "")
    return [gx, *[None] * (len(node.inputs) - 1)]


def _cut(b: Builder, node: ir.Node, gy: ir.Value) -> ir.Value:
    pads = _pads(b, node)
    if pads is None:
        b.mix_batch()
        axes = [b.saved(node.inputs[3])] if len(node.inputs) > 3 and node.inputs[3] is not None else []
        return b.op("Pad", gy, b.op("Neg", b.saved(operand(node, 1))), None, *axes)
    if pads[0] or pads[len(pads) // 2]:
        b.mix_batch()
    return b.op("Pad", gy, b.ints([-int(p) for p in pads]))


def _fold(b: Builder, node: ir.Node, gy: ir.Value, mode: str) -> ir.Value:
    x, rank, pads = operand(node, 0), b.rank(operand(node, 0)), _pads(b, node)
    if pads is None:
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a Pad in mode {mode!r} by computed amounts; the backward rule needs constant pads "
            "in this mode. Simplify the model at export (constant folding)."
        )
    for axis in range(rank):
        begin, end = int(pads[axis]), int(pads[rank + axis])
        if not begin and not end:
            continue
        if axis == 0:
            b.mix_batch()
        size = b.sizes(x, axis)[0]
        # Negative pads cut first; the rest is what is mirrored or repeated.
        kept = np.arange(size)[max(-begin, 0) : size - max(-end, 0)]
        how = cast(Literal["edge", "reflect", "wrap"], mode)
        taken = np.pad(kept, (max(begin, 0), max(end, 0)), mode=how)
        gy = transposed_take(b, gy, taken, axis=axis, size=size, rank=rank)
    return gy


def _pads(b: Builder, node: ir.Node) -> Array | None:
    """Read the pads for all axes: an attribute until opset 11, then an input, for chosen axes since 18."""
    given = optional_integers(node, "pads")
    if given is not None:
        return np.asarray(given)
    pads = b.fixed(node.inputs[1])
    chosen = optional(node, 3)
    if pads is None or chosen is None:
        return pads
    axes = b.array(chosen)
    if axes is None:
        return None
    rank = b.rank(operand(node, 0))
    full = np.zeros(2 * rank, np.int64)
    full[np.concatenate([axes % rank, axes % rank + rank])] = pads
    return full
