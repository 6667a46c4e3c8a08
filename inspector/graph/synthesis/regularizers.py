"""Regularizers: what of a picture (N, C, *size) in 0..1 costs, each as (1,), the sum over pictures of a mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import onnx_ir as ir

from inspector.graph.synthesis.canvas import Canvas
from inspector.graph.writer import Writer

Regularizer = Callable[[Writer, ir.Value, Canvas], ir.Value]

_SMALL = 1e-6
"""Under a root, whose slope has no end at 0."""


def total_variation(w: Writer, picture: ir.Value, canvas: Canvas) -> ir.Value:
    """Σ_axes mean |x_{i+1} − x_i|, with √(d² + ε) for |d| (Mahendran & Vedaldi 2015, §3)."""
    parts = []
    for axis, side in enumerate(canvas.size, start=2):
        if side < 2:
            continue
        ends = [
            w.op("Slice", picture, w.ints([start]), w.ints([stop]), w.ints([axis]))
            for start, stop in ((1, side), (0, side - 1))
        ]
        step = w.op("Sub", *ends)
        root = w.op("Sqrt", w.op("Add", w.op("Mul", step, step), w.constant(_SMALL)))
        parts.append(_mean(w, root, canvas))
    return w.sum(parts) if parts else w.constant(np.zeros(1))


def lp_norm(w: Writer, picture: ir.Value, canvas: Canvas) -> ir.Value:
    """Mean of (2x − 1)⁶: what is far from gray costs (Mahendran & Vedaldi 2015, §3, with α = 6)."""
    wide = w.op("Sub", w.op("Mul", picture, w.constant(2)), w.constant(1))
    square = w.op("Mul", wide, wide)
    return _mean(w, w.op("Mul", w.op("Mul", square, square), square), canvas)


def l2_norm(w: Writer, picture: ir.Value, canvas: Canvas) -> ir.Value:
    """Mean of (2x − 1)² (Simonyan et al. 2014, §2)."""
    wide = w.op("Sub", w.op("Mul", picture, w.constant(2)), w.constant(1))
    return _mean(w, w.op("Mul", wide, wide), canvas)


def _mean(w: Writer, values: ir.Value, canvas: Canvas) -> ir.Value:
    """Write the sum over pictures of the mean over their values, (1,)."""
    mean = w.op("ReduceMean", values, keepdims=0)
    return w.op("Reshape", w.op("Mul", mean, w.constant(canvas.pictures)), w.ints([1]))


REGULARIZERS: Mapping[str, Regularizer] = {
    "total_variation": total_variation,
    "lp_norm": lp_norm,
    "l2_norm": l2_norm,
}
