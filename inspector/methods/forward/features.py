"""Features: one vector per image, from any layer."""

from __future__ import annotations

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.model.spec import Layer
from inspector.resolve.targets import channel_axis
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array

POOLINGS = ("mean", "max", "none")


def features(
    engine: Engine,
    x: Array,
    *,
    layer: str | None = None,
    pooling: str = "mean",
    cancellation: Cancellation | None = None,
) -> Array:
    """Return (N, D) float32 vectors of a layer; None for what the last dense layer reads.

    Maps are pooled over space by `pooling`: "mean", "max", or "none" for all their elements.
    """
    if pooling not in POOLINGS:
        raise InvalidInputError(f"pooling is {pooling!r}; allowed: {', '.join(POOLINGS)}.", field="pooling")
    chosen = engine.model.layer(layer) if layer is not None else penultimate(engine)
    found = engine.run(x, [chosen.output], cancellation=cancellation)[chosen.output].astype(np.float32)
    if found.ndim <= 2 or pooling == "none":
        return found.reshape(len(found), -1)
    axis = channel_axis(chosen, found.ndim - 1) + 1
    maps = np.moveaxis(found, axis, 1).reshape(len(found), found.shape[axis], -1)
    vectors: Array = maps.mean(axis=2) if pooling == "mean" else maps.max(axis=2)
    return vectors


def penultimate(engine: Engine) -> Layer:
    """Return the layer whose output the last dense (or 1×1 convolution) layer reads."""
    tensor = engine.head.features
    layer = next((layer for layer in engine.model.layers if layer.output == tensor), None)
    if layer is None:
        raise InvalidInputError(
            "This model has no layer before a final dense one; name the layer whose features you want.",
            field="layer",
        )
    return layer
