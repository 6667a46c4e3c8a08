"""How far a gray level moves what a convolution reads."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InspectorError
from inspector.methods.color import color_values, over_image
from inspector.model.kernels import Kernels
from inspector.types.arrays import Array
from inspector.types.layouts import batched, space_of, spatial_axes


def pixel_scales(run: Run, one: Kernels, image: Array | None) -> Array | None:
    """Return, channel by channel, what one of 255 gray levels is in the tensor that filters read, float64 (channels,).

    Measured on a black and a white picture, so that whatever stands before the filters, outside of the graph or in it,
    counts. None where the input is no picture, or its size is not known.
    """
    model = run.engine.model
    if space_of(model.input.layout) != "HW":
        return None
    shape = _shape(run) if image is None else image.shape
    if shape is None:
        return None
    blank: Array = np.zeros(shape, model.input.dtype)
    ends = []
    for color in ("black", "white"):
        values = over_image(
            model, np.asarray(color_values(model, blank, color, field="images"), model.input.dtype)
        )
        ends.append(np.broadcast_to(values, shape).copy())
    pictures = np.concatenate(ends)
    try:
        seen = pictures if one.reads == model.input.name else run.forward(pictures, [one.reads])[one.reads]
    except InspectorError:
        return None  # of a tensor that cannot be fetched nothing is known
    layout = batched(model.input.layout)
    axis = layout.find("C") if one.reads == model.input.name else 1
    planes = seen.astype(np.float64)
    planes = planes[:, None] if axis < 0 else np.moveaxis(planes, axis, 1)
    # A border of padding is no part of the picture: the median passes over it.
    levels = np.median(planes.reshape(2, planes.shape[1], -1), axis=2)
    scales: Array = (levels[1] - levels[0]) / 255
    return scales if len(scales) == one.weights.shape[1] else None


def _shape(run: Run) -> tuple[int, ...] | None:
    """Return the shape of one image (1, …), as declared or as pictures are brought to it."""
    model = run.engine.model
    spec, layout = model.preprocessing, batched(model.input.layout)
    sizes = dict(zip(spatial_axes(layout), (spec.height, spec.width), strict=True))
    shape = [1, *model.input.image_shape]
    for axis, size in enumerate(shape):
        if not isinstance(size, int):
            shape[axis] = model.input.channels if layout[axis] == "C" else sizes.get(axis)
    found = tuple(size for size in shape if isinstance(size, int))
    return found if len(found) == len(shape) else None
