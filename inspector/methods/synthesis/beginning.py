"""Beginnings: images as the pictures that a loop starts from, at any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from inspector.engine.image_sizes import ImageSizeError
from inspector.engine.run import Run
from inspector.errors import EngineError
from inspector.methods.prepared import prepared
from inspector.methods.synthesis.framing import Framing, framing_of
from inspector.model.preprocessing.prepare import prepare
from inspector.types.arrays import Array
from inspector.types.images import ImageLike
from inspector.types.layouts import of_one, spatial_axes

BEYOND_PICTURES = "beyond_pictures"
_SLACK = 2e-3
"""By how much values may lie beyond 0..1 and still be those of pictures."""


def size_of(run: Run, x: Array) -> tuple[int, ...]:
    """Return the sizes of the axes of space of images (N, …); of flat vectors their length."""
    axes = spatial_axes(of_one(run.engine.model.input.layout))
    return tuple(x.shape[axis + 1] for axis in axes) or tuple(x.shape[1:])


def framed(run: Run, x: Array, *, tensor: str) -> tuple[Framing, Array]:
    """Return the framing of images (N, …), and the images as pictures (N, C, *size) in 0..1.

    Values that no picture has under the preprocessing span their own range, with a note: nothing is cut off.
    """
    values = float(x.min()), float(x.max())
    framing = framing_of(run, size=size_of(run, x), tensor=tensor, values=values)
    pictures = framing.frame.pictures(x)
    again = framing.frame.values(pictures).astype(np.float64)
    gain = max(abs(one) for one in framing.frame.gain)
    if np.abs(again - x.astype(np.float64)).max() > _SLACK * gain:
        low, high = values
        own = replace(framing.frame, gain=((high - low) or 1.0,), offset=(low,))
        framing = replace(framing, frame=own)
        pictures = own.pictures(x)
        run.note(
            BEYOND_PICTURES,
            f"The images hold values that no picture has under this preprocessing: {low:.4g} to {high:.4g}, their own "
            "range, is taken for black and white.",
        )
    return framing, pictures


def reframed(run: Run, framing: Framing, size: tuple[int, ...], *, tensor: str) -> Framing:
    """Return the framing for another size, where the model runs on it; else the same, which is stretched over it."""
    if size == framing.size:
        return framing
    layout = of_one(run.engine.model.input.layout)
    shape = list(framing.frame.shape)
    for axis, side in zip(spatial_axes(layout), size, strict=True):
        shape[axis] = side
    found = replace(framing, frame=replace(framing.frame, shape=tuple(shape), size=size), size=size)
    try:
        run.forward(found.first(), [tensor])
    except (EngineError, ImageSizeError):
        return framing
    return found


def at_size(run: Run, images: ImageLike, size: tuple[int, ...], framing: Framing) -> Array:
    """Return pictures (N, C, *size) in 0..1 of images, made from the files themselves where they are given."""
    model = run.engine.model
    x = prepared(run, images)
    if not x.from_pictures or len(size) != 2:
        return resized(framing.frame.pictures(x.values), size)
    letters = dict(zip("HW", size, strict=True))
    shape = list(model.input.shape)
    start = len(shape) - len(of_one(model.input.layout))
    for axis, letter in enumerate(of_one(model.input.layout)):
        shape[start + axis] = letters.get(letter, shape[start + axis])
    spec = model.preprocessing
    mode = "exact" if spec.resize in ("exact", "letterbox") else "short_side"
    sized = replace(
        model,
        input=replace(model.input, shape=tuple(shape), height=size[0], width=size[1]),
        preprocessing=replace(spec, resize=mode, resize_size=None, height=size[0], width=size[1]),
    )
    made = prepare(sized, images, cancellation=run.control.cancellation).values
    frame = replace(framing.frame, shape=made.shape[1:], size=size)
    return frame.pictures(made)


def resized(pictures: Array, size: Sequence[int]) -> Array:
    """Return pictures (N, C, *size), or differences of some, at another size, float32; smaller they are smoothed."""
    if pictures.shape[2:] == tuple(size):
        return pictures
    height, width = (1, size[0]) if len(size) == 1 else (size[0], size[1])
    planes = pictures.reshape(-1, *((1, pictures.shape[2]) if len(size) == 1 else pictures.shape[2:]))
    made = [
        np.asarray(
            Image.fromarray(plane.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
        )
        for plane in planes
    ]
    return np.stack(made).reshape(*pictures.shape[:2], *size)
