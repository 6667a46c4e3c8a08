"""Planes over an image: from a layer's grid to the image's size, and in the image's layout."""

from __future__ import annotations

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.graph.elements import trace_elements
from inspector.graph.sized import shapes_at
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array
from inspector.types.layers import Layer


def interpolation(small: int, large: int) -> Array:
    """Return the (large, small) float32 matrix of bilinear interpolation along one axis (half-pixel centers)."""
    places = np.clip((np.arange(large) + 0.5) * small / large - 0.5, 0, small - 1)
    low = np.minimum(places.astype(np.int64), max(small - 2, 0))
    matrix = np.zeros((large, small), np.float32)
    rows = np.arange(large)
    matrix[rows, low] = 1 - (places - low)
    matrix[rows, np.minimum(low + 1, small - 1)] += places - low
    return matrix


def upsample(planes: Array, size: tuple[int, int]) -> Array:
    """Return (…, h, w) planes at (…, height, width), bilinearly."""
    rows, columns = (
        interpolation(small, large) for small, large in zip(planes.shape[-2:], size, strict=True)
    )
    large: Array = rows @ planes @ columns.T
    return large


def image_size(engine: Engine, x: Array) -> tuple[int, int]:
    """Return the height and width of images (N, …); InvalidInputError where the model takes flat vectors."""
    layout = engine.model.input.layout
    if layout == "NC":
        raise InvalidInputError("This needs an image input; the model takes a flat vector.", field="images")
    height, width = x.shape[1:3] if layout == "NHWC" else x.shape[-2:]
    return height, width


def as_maps(engine: Engine, planes: Array) -> Array:
    """Return (M, H, W) planes as maps of one channel in the model's layout."""
    return planes[..., None] if engine.model.input.layout == "NHWC" else planes[:, None]


def layer_with_maps(engine: Engine, name: str | None, *, chosen: Chosen, image: tuple[int, ...]) -> Layer:
    """Return the layer of that name; without one, the last whose channels are maps, below what was chosen.

    Maps are of more than one place; `image` is the shape of one image.
    """
    if name is not None:
        return engine.model.layer(name)
    return _layers_with_maps(engine, source_layer(engine, chosen, image=image))[-1]


def layer_with_maps_below(engine: Engine, name: str | None, *, tensor: str) -> Layer:
    """Return the layer of that name; without one, the last with maps that all of a tensor depends on.

    A detector's heads part early: what only one of them reads knows nothing of the boxes of the others.
    """
    if name is not None:
        return engine.model.layer(name)
    layers = _layers_with_maps(engine, tensor)
    passed = engine.bottlenecks_of(tensor)
    return ([layer for layer in layers if layer.output in passed] or layers)[-1]


def source_layer(engine: Engine, chosen: Chosen, *, image: tuple[int, ...]) -> str:
    """Return the tensor in which the chosen elements were computed: of a box, that of its own scale."""
    traced = trace_elements(
        engine.model.ir, chosen.resolved.tensor, chosen.places, shapes=shapes_at(engine.model, image)
    )
    return traced.tensor


def _layers_with_maps(engine: Engine, tensor: str) -> list[Layer]:
    outputs = [layer.output for layer in engine.model.layers]
    # What a convolution makes of the features (SqueezeNet's class maps) comes after them, and is no feature.
    features = engine.features_of(tensor)
    end = outputs.index(features) + 1 if features in outputs else len(outputs)
    layers = [layer for layer in engine.model.layers[:end] if _has_maps(layer)]
    if not layers:
        raise InvalidInputError(
            "This model has no layer with feature maps. Name a layer (see layers()).", field="layer"
        )
    return layers


def _has_maps(layer: Layer) -> bool:
    return len(layer.shape) == 4 and all(not isinstance(d, int) or d > 1 for d in _spatial(layer))


def _spatial(layer: Layer) -> list[object]:
    return [d for axis, d in enumerate(layer.shape) if axis not in (0, layer.channel_axis)]
