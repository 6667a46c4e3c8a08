"""Deletion and insertion: pixels go, or come, in the order of a map (Petsiuk et al. 2018, §4.3)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from inspector.engine.run import Run
from inspector.methods.color import baseline_image
from inspector.methods.judging.subject import Subject, over_channels
from inspector.methods.perturbed import perturbed
from inspector.methods.planes import along_axes
from inspector.types.arrays import Array
from inspector.types.layouts import batched, spatial_axes

Fill = Literal["gray", "black", "white", "blur"]

BLUR = 1 / 20
"""σ of the blur, as a share of each side: no class is left that a network would see."""


def order_of(plane: Array, generator: np.random.Generator) -> Array:
    """Return the rank of each pixel, int64 (*space), 0 for the most important; ties are broken by chance.

    Where much of a map is 0, the order of the rows would decide.
    """
    flat = plane.reshape(-1)
    order = np.lexsort((generator.random(flat.size), -flat))
    ranks = np.empty(flat.size, np.int64)
    ranks[order] = np.arange(flat.size)
    return ranks.reshape(plane.shape)


def curve(subject: Subject, ranks: Array, *, start: Array, end: Array, steps: int) -> Array:
    """Return the answers, float64 (steps + 1,), as pixels of the image `start` become those of `end` by their ranks.

    At the k-th step the first k/steps of the pixels have changed.
    """
    run, layout = subject.run, subject.run.engine.model.input.layout
    counts = np.rint(np.arange(steps + 1) * ranks.size / steps)

    def changed(numbers: range) -> Array:
        gone = ranks[None] < counts[numbers.start : numbers.stop].reshape(-1, *[1] * ranks.ndim)
        masks = np.stack([over_channels(one, layout=layout) for one in gone])
        return perturbed(run, np.where(masks, end, start))

    return subject.answers(changed, steps + 1)


def area(values: Array) -> float:
    """Return the area below a curve over the share of the pixels from 0 to 1, by trapezoids."""
    return float(np.trapezoid(values, dx=1 / (len(values) - 1)))


def filled(run: Run, image: Array, fill: Fill, *, field: str) -> Array:
    """Return a (1, …) image with nothing on it: of one color, or blurred."""
    if fill != "blur":
        return baseline_image(run.engine.model, image, fill, field=field)
    axes = spatial_axes(batched(run.engine.model.input.layout))
    moved = np.moveaxis(image.astype(np.float64), axes, range(-len(axes), 0))
    matrices = [_blur(image.shape[axis]) for axis in axes]
    return np.moveaxis(along_axes(moved, matrices), range(-len(axes), 0), axes)


def _blur(side: int) -> Array:
    """Return the (side, side) matrix of a Gaussian blur along an axis; at the edges what is there counts more."""
    places = np.arange(side)
    weights = np.exp(-(((places[:, None] - places) / max(BLUR * side, 0.5)) ** 2) / 2)
    found: Array = weights / weights.sum(axis=1, keepdims=True)
    return found
