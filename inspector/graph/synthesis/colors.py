"""Colors: from unbounded, perhaps decorrelated values to 0..1, and back."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.graph.synthesis.canvas import Canvas
from inspector.graph.writer import Writer
from inspector.types.arrays import Array

_CORRELATION = np.asarray([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
"""The square root of the covariance of colors over natural pictures (Lucid, `color.py`)."""

COLORS = _CORRELATION / np.linalg.norm(_CORRELATION, axis=0).max()
"""Decorrelated to RGB: rgb = COLORS @ value."""

_NEAREST = 1e-3
"""How near to 0 and 1 a picture may come whose unbounded values are asked for."""


def write_colors(w: Writer, picture: ir.Value, canvas: Canvas, *, decorrelated: bool) -> ir.Value:
    """Write (N, C, *size) in 0..1: the sigmoid of values, of which three decorrelated ones become RGB first."""
    if decorrelated and canvas.channels == len(COLORS):
        flat = w.op("Reshape", picture, w.ints([canvas.pictures, canvas.channels, -1]))
        picture = w.op("Reshape", w.op("MatMul", w.constant(COLORS), flat), w.ints(canvas.shape))
    return w.op("Sigmoid", picture)


def unbounded(picture: Array, *, decorrelated: bool) -> Array:
    """Return the values of which `write_colors` makes a picture (N, C, *size) in 0..1, float64."""
    inside = np.clip(picture.astype(np.float64), _NEAREST, 1 - _NEAREST)
    return uncorrelated(np.log(inside / (1 - inside)), decorrelated=decorrelated)


def uncorrelated(values: Array, *, decorrelated: bool) -> Array:
    """Return decorrelated colors of RGB values (N, 3, *size); others as they are."""
    if not decorrelated or values.shape[1] != len(COLORS):
        return values
    return np.moveaxis(np.tensordot(np.linalg.inv(COLORS), values, (1, 1)), 0, 1)
