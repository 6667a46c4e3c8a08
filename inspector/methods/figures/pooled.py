"""Maps as one vector per image."""

from __future__ import annotations

import numpy as np

from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.layers import Layer


def pooled(values: Array, layer: Layer, pooling: str) -> Array:
    """Return float32 (N, D) of a layer's activations (N, …): each channel's mean or maximum, or all of them."""
    flat = values.astype(np.float32, copy=False)
    if flat.ndim <= 2 or pooling == "none":
        return flat.reshape(len(flat), -1)
    axis = channel_axis(layer, flat.ndim - 1) + 1
    maps = np.moveaxis(flat, axis, 1).reshape(len(flat), flat.shape[axis], -1)
    found: Array = (
        maps.mean(axis=2, dtype=np.float64).astype(np.float32) if pooling == "mean" else maps.max(axis=2)
    )
    return found
