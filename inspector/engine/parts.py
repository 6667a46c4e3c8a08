"""The tensors of a batch taken apart into those of its images."""

from __future__ import annotations

import itertools

import numpy as np

from inspector.errors import EngineError
from inspector.graph.batch.placement import Placement
from inspector.types.arrays import Array
from inspector.types.layers import Shape


def image_parts(
    name: str, array: Array, placement: Placement, *, batch: int, images: int, shape: Shape | None
) -> Array:
    """Return (images, …) of the first images of a run of `batch`: each one's tensor, as for that image alone.

    A tensor without an axis for the images is whole that of the only image (or of its copies, where a fixed batch is
    full of them); `shape` says how many axes it should have, of which a run can have lost those of size 1.
    """
    if placement.axis is None:
        return restored(array, shape)[None]
    if placement.fits(array.shape, batch):
        return placement.split(array, batch)[:images]
    if images > 1:
        raise EngineError(
            f"Tensor {name!r} has the shape {array.shape} for {batch} images, and cannot be divided among them."
        )
    # What is the same for all images, such as a mean over the batch.
    is_one = placement.leads and array.ndim and array.shape[0] == 1
    return array if is_one else restored(array, shape)[None]


def restored(array: Array, shape: Shape | None) -> Array:
    """Give a tensor the axes back that it lost because their size, which the values decide, happened to be 1."""
    missing = 0 if shape is None else len(shape) - array.ndim
    if shape is None or missing <= 0:
        return array
    free = [axis for axis, size in enumerate(shape) if not isinstance(size, int)]
    for axes in itertools.combinations(free, missing):
        rest = [size for axis, size in enumerate(shape) if axis not in axes]
        if all(not isinstance(size, int) or size == own for size, own in zip(rest, array.shape, strict=True)):
            return np.expand_dims(array, axes)
    return array
