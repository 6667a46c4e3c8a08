"""From an image of any layout to a flat one: a signal is a row of pixels, a volume a mosaic of its slices."""

from __future__ import annotations

from math import ceil

import numpy as np

from inspector.errors import InvalidInputError
from inspector.render.grid import near_square
from inspector.types.arrays import Array
from inspector.types.layouts import channel_axis, is_layout, of_one, space_of

MOST_SLICES = 16
"""Of a volume, evenly spaced from the first to the last."""


def flat(values: Array, *, layout: str) -> Array:
    """Return one image as (H, W, C): a signal with one row, a volume as a mosaic of slices, read row by row.

    `layout` is the model's; the image itself has no batch axis. What has no axis of channels has one of them here.
    """
    one = of_one(layout)
    if not is_layout(layout) or not space_of(layout):
        raise InvalidInputError(
            f"layout is {layout!r}; only maps over an image, NCHW or NHWC, a signal or a volume can be drawn.",
            field="layout",
        )
    if values.ndim != len(one):
        raise InvalidInputError(
            f"map has shape {values.shape}; give an array with {len(one)} axes, those of {one}.", field="map"
        )
    axis = channel_axis(one)
    last = values[..., None] if axis is None else np.moveaxis(values, axis, -1)
    if last.ndim == 2:
        return last[None]
    return mosaic(last) if last.ndim == 4 else last


def mosaic(volume: Array) -> Array:
    """Return slices of a volume (D, H, W, C) side by side as (rows · H, columns · W, C); what is left over is 0."""
    depth, height, width, channels = volume.shape
    chosen = volume[np.unique(np.linspace(0, depth - 1, min(depth, MOST_SLICES)).round().astype(np.int64))]
    columns = min(near_square(len(chosen), width=width, height=height), len(chosen))
    rows = ceil(len(chosen) / columns)
    tiles = np.zeros((rows * columns, height, width, channels), volume.dtype)
    tiles[: len(chosen)] = chosen
    grid = tiles.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return grid.reshape(rows * height, columns * width, channels)
