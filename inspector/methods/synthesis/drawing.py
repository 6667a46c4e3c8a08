"""Drawing: synthesized pictures as people see them, and how rough they are."""

from __future__ import annotations

import numpy as np

from inspector.render.chart import line_chart
from inspector.types.arrays import Array


def drawn(picture: Array) -> Array:
    """Return a picture (C, *size) in 0..1 as uint8 (H, W, 3): gray for one channel, a curve for a signal."""
    if picture.ndim == 2:
        curves = {f"channel {index}": values for index, values in enumerate(picture[:8])}
        chart = line_chart(np.arange(picture.shape[1]), curves, x_label="place", y_label="of its range")
        return np.asarray(chart.convert("RGB"))
    planes = picture if len(picture) == 3 else picture.mean(axis=0, keepdims=True)
    pixels = np.rint(255 * np.clip(planes, 0, 1)).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(pixels.transpose(1, 2, 0), (*pixels.shape[1:], 3)))


def total_variation(picture: Array) -> float:
    """Return Σ over the axes of space of the mean |x_{i+1} − x_i| of a picture (C, *size) in 0..1."""
    axes = range(1, picture.ndim)
    return float(sum(np.abs(np.diff(picture, axis=axis)).mean() for axis in axes if picture.shape[axis] > 1))
