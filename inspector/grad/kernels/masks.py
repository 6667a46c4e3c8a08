"""How the masks of rectifiers and quantizers stand in a backward graph; and what a kernel has for them.

Found by what is written, not by what wrote it: gy · mask is one kernel whoever wrote the mask.
"""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from inspector.grad.kernels.domain import KernelWriter
from inspector.grad.kernels.reading import STEEP, both_ways, constant, made_by
from inspector.operators.attributes import number


def replace_masks(graph: ir.Graph, writer: KernelWriter) -> None:
    """Replace gy · mask(y) by ReluGrad, or by ClipGrad where the mask is that of two bounds."""
    for node in list(graph):
        for mask, gy in both_ways(node, "Mul"):
            found = _between(mask) or _uncut(mask)
            if found is None:
                continue
            y, low, high = found
            if (low, high) == (0.0, math.inf):
                writer.replace(node.outputs[0], "ReluGrad", gy, y)
            else:
                writer.replace(node.outputs[0], "ClipGrad", gy, y, low=low, high=high)
            break


def _between(mask: ir.Value) -> tuple[ir.Value, float, float] | None:
    """Return y and the bounds where a value is the mask of low < y < high, as rectifiers have it."""
    inside = _above_zero(mask)
    return None if inside is None else _bounds(inside)


def _uncut(mask: ir.Value) -> tuple[ir.Value, float, float] | None:
    """Return x and the bounds where a value is the mask of what is the same cut at both ends, as quantizers have it.

    The ends are inside: the bounds are the numbers beside them.
    """
    node = made_by(mask, "Cast")
    equal = None if node is None or node.inputs[0] is None else node.inputs[0].producer()
    for cut, x in both_ways(equal, "Equal"):
        clip = made_by(cut, "Clip")
        if clip is None or clip.inputs[0] is not x or len(clip.inputs) != 3 or x.dtype != ir.DataType.FLOAT:
            continue
        low, high = (constant(bound) for bound in clip.inputs[1:])
        if low is None or high is None:
            continue
        below, above = (
            float(np.nextafter(np.float32(bound), np.float32(way)))
            for bound, way in ((low, -np.inf), (high, np.inf))
        )
        if math.isfinite(below) and math.isfinite(above):
            return x, below, above
    return None


def _above_zero(mask: ir.Value) -> ir.Value | None:
    """Return v where a value is the mask of v > 0."""
    node = made_by(mask, "HardSigmoid")
    if node is None or number(node, "alpha") < STEEP or number(node, "beta") != 0:
        return None
    return node.inputs[0]


def _bounds(inside: ir.Value) -> tuple[ir.Value, float, float]:
    """Return y and the bounds between which `inside` is above 0: (y − low) · (high − y), or one of the two."""
    for first, second in both_ways(inside.producer(), "Mul"):
        (y, low, none), (same, lowest, high) = _distance(first), _distance(second)
        if y is same and none == math.inf and lowest == -math.inf:
            return y, low, high
    return _distance(inside)


def _distance(value: ir.Value) -> tuple[ir.Value, float, float]:
    """Return y and the bounds beyond which y's distance to one of them is not above 0; y itself is that to 0."""
    node = made_by(value, "Sub")
    if node is not None and node.inputs[0] is not None and node.inputs[1] is not None:
        first, second = constant(node.inputs[0]), constant(node.inputs[1])
        if second is not None:
            return node.inputs[0], second, math.inf
        if first is not None:
            return node.inputs[1], -math.inf, first
    return value, 0.0, math.inf
