"""Planes over an image: their size, their way into the image's layout, and the layers whose maps lie over it."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.sized import shapes_of
from inspector.errors import InvalidInputError
from inspector.graph.elements import trace_elements
from inspector.operators.families import CONVOLUTIONS, RECTIFIERS
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.layouts import batched, channel_axis, spatial_sizes

_FEW = 4
"""Values in a row of a matrix, up to which they are gathered: beyond, the product is the faster."""


def interpolation(small: int, large: int) -> Array:
    """Return the (large, small) float32 matrix of bilinear interpolation along one axis (half-pixel centers)."""
    places = np.clip((np.arange(large) + 0.5) * small / large - 0.5, 0, small - 1)
    low = np.minimum(places.astype(np.int64), max(small - 2, 0))
    matrix = np.zeros((large, small), np.float32)
    rows = np.arange(large)
    matrix[rows, low] = 1 - (places - low)
    matrix[rows, np.minimum(low + 1, small - 1)] += places - low
    return matrix


def along_axes(array: Array, matrices: Sequence[Array]) -> Array:
    """Return an array whose last axes are each taken through a matrix (new size, old size), in order.

    Few matrices here have more than two values in a row: those are gathered and added up, and no library of linear
    algebra wakes its threads, which would then spin on the cores that the next run of the model needs.
    """
    return spread(array, [Spread.of(matrix) for matrix in matrices])


@dataclass(frozen=True, eq=False)
class Spread:
    """A matrix (new size, old size), as it is applied along an axis."""

    gathered: tuple[tuple[Array, Array], ...] = ()
    """What is added up, where few values in a row are not 0: (from where (new size,), times what (new size,))."""
    whole: Array | None = None
    """The matrix itself, where they are many."""

    @classmethod
    def of(cls, matrix: Array) -> Spread:
        """Return how to apply a matrix."""
        filled = int(np.count_nonzero(matrix, axis=1).max(initial=1))
        if filled > _FEW:
            return cls(whole=matrix)
        order = np.argsort(matrix == 0, axis=1, kind="stable")  # what is not 0 comes first
        columns = (np.ascontiguousarray(order[:, number]) for number in range(filled))
        return cls(tuple((places, matrix[np.arange(len(matrix)), places]) for places in columns))

    def along(self, array: Array, axis: int) -> Array:
        """Return an array with an axis taken through the matrix."""
        if self.whole is not None:
            found: Array = np.moveaxis(np.tensordot(self.whole, array, (1, axis)), 0, axis)
            return found
        tail = [1] * (array.ndim - axis - 1)
        parts = (array.take(places, axis) * weights.reshape(-1, *tail) for places, weights in self.gathered)
        return functools.reduce(operator.iadd, parts)


def spread(array: Array, spreads: Sequence[Spread]) -> Array:
    """Return an array whose last axes are each taken through what `Spread` was made of, in order."""
    for axis, one in enumerate(spreads, start=array.ndim - len(spreads)):
        array = one.along(array, axis)
    return array


def image_size(engine: Engine, x: Array) -> tuple[int, ...]:
    """Return the sizes of the axes of space of images (N, …): (height, width), (length,) or (depth, height, width).

    InvalidInputError where the model takes flat vectors.
    """
    size = spatial_sizes(x.shape, batched(engine.model.input.layout))
    if not size:
        raise InvalidInputError(
            "This needs an input with axes of space; the model takes a flat vector. Where it is an image all the same, "
            'load the model with its layout, e.g. layout="NCHW".',
            field="images",
        )
    return size


def as_maps(engine: Engine, planes: Array) -> Array:
    """Return (M, *size of the image) planes as maps of one channel in the model's layout."""
    axis = channel_axis(batched(engine.model.input.layout))
    return planes if axis is None else np.expand_dims(planes, axis)


def layer_with_maps_below(engine: Engine, name: str | None, *, tensor: str) -> Layer:
    """Return the layer of that name; without one, the last with maps that all of a tensor depends on.

    A detector's heads part early: what only one of them reads knows nothing of the boxes of the others.
    """
    return engine.model.layer(name) if name is not None else layers_on_the_way(engine, tensor)[-1]


def layers_on_the_way(engine: Engine, tensor: str) -> list[Layer]:
    """Return the layers with maps that all of a tensor depends on, in the graph's order; without one, all with maps.

    InvalidInputError where none has maps.
    """
    layers = layers_with_maps(engine, tensor)
    if not layers:
        raise InvalidInputError(
            "This model has no layer with feature maps. Name a layer (see layers()).", field="layer"
        )
    passed = engine.bottlenecks_of(tensor)
    return [layer for layer in layers if layer.output in passed] or layers


def source_layer(engine: Engine, chosen: Chosen, *, image: tuple[int, ...]) -> str:
    """Return the tensor in which the chosen elements were computed: of a box, that of its own scale."""
    traced = trace_elements(
        engine.model.ir, chosen.resolved.tensor, chosen.places, shapes=shapes_of(engine, image)
    )
    return traced.tensor


def layers_with_maps(engine: Engine, tensor: str) -> list[Layer]:
    """Return the layers with maps of more than one place, in the graph's order, up to the features below a tensor."""
    return list(engine.learned(("layers with maps", tensor), lambda: _layers_with_maps(engine, tensor)))


def _layers_with_maps(engine: Engine, tensor: str) -> list[Layer]:
    outputs = [layer.output for layer in engine.model.layers]
    # What a convolution makes of the features (SqueezeNet's class maps) comes after them, and is no feature; unless it
    # looks around and is rectified: then features are what is averaged.
    features = engine.features_of(tensor)
    if features is not None and _are_looked_around_in(engine, features, tensor):
        features = tensor
    end = outputs.index(features) + 1 if features in outputs else len(outputs)
    return [layer for layer in engine.model.layers[:end] if _has_maps(layer)]


def _are_looked_around_in(engine: Engine, features: str, tensor: str) -> bool:
    """Return whether a convolution with a window reads the features, with a rectifier on its only way to a tensor."""
    graph, shapes = engine.model.ir.graph, engine.model.shapes
    readers = [
        node for node in graph if any(value is not None and value.name == features for value in node.inputs)
    ]
    if len(readers) != 1 or readers[0].op_type not in CONVOLUTIONS or len(readers[0].inputs) < 2:
        return False
    weights = readers[0].inputs[1]
    window = shapes.get(weights.name or "", ())[2:] if weights is not None else ()
    if not any(isinstance(size, int) and size > 1 for size in window):
        return False
    node = readers[0]
    while node.outputs[0].name != tensor:
        following = [use.node for use in node.outputs[0].uses()]
        if len(following) != 1:
            return False
        node = following[0]
        if node.op_type in RECTIFIERS:
            return True
    return False


def _has_maps(layer: Layer) -> bool:
    """Return whether a layer has channels, and maps of more than one place that lie over the image."""
    channels = 1 if layer.channel_axis is None else layer.channel_axis
    axes = layer.spatial_axes
    if not axes or any(axis < 0 for axis in axes):
        # What is not known to run along the image is taken for it where the number of axes is the image's, beside one
        # of channels; what a recurrent layer gives has none.
        axes = tuple(axis for axis in range(1, len(layer.shape)) if axis != channels)
        if layer.channel_axis is None or not axes or len(axes) != len(layer.spatial_axes):
            return False
    if max(axes) < len(layer.shape):
        sizes = [layer.shape[axis] for axis in axes]
        return any(not isinstance(size, int) or size > 1 for size in sizes)
    # Nothing is known of the shape: units that all see the same may be a single one.
    field = layer.receptive_field
    return field is not None and any(axis.stride for axis in field.axes)
