"""Marks of values that no color can stand for: NaN and infinity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from inspector.render.flat import flat
from inspector.types.arrays import Array

Draw = Callable[[Array], Image.Image]

MARK = (255, 0, 255)
"""Magenta: in none of the color maps."""


def marked_map(values: Array, draw: Draw, *, layout: str) -> Image.Image:
    """Draw one map, a pixel per place, as if values that are not finite were 0, and paint their pixels MARK."""
    finite = np.isfinite(values)
    if finite.all():
        return draw(values)
    return _painted(draw(np.where(finite, values, 0)), np.asarray(flat(~finite, layout=layout).any(axis=2)))


def marked_tiles(values: Array, draw: Draw) -> Image.Image:
    """Draw maps as tiles whose ranges include 0, as if values that are not finite were 0, and paint those MARK."""
    finite = np.isfinite(values)
    if finite.all():
        return draw(values)
    # The same tiles of maps that are 1 where a value is not finite tell which pixels show it.
    masks = (np.zeros_like(values), (~finite).astype(values.dtype))
    nothing, places = (np.asarray(draw(mask).convert("L"), np.int16) for mask in masks)
    return _painted(draw(np.where(finite, values, 0)), np.abs(places - nothing) > 0)


def _painted(picture: Image.Image, places: Array) -> Image.Image:
    pixels = np.asarray(picture.convert("RGB")).copy()
    pixels[places] = MARK
    return Image.fromarray(pixels)
