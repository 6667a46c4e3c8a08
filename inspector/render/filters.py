"""The weights of a layer as a picture: filters over an image in colors, others as a grid of what each reads."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
from PIL import Image

from inspector.render.arrange import PAPER, beside, stack
from inspector.render.colormaps import Colormap, colorize
from inspector.render.flat import mosaic
from inspector.render.layers import filters
from inspector.render.marks import marked_tiles
from inspector.render.normalize import to_signed
from inspector.render.text import line
from inspector.types.arrays import Array
from inspector.types.results.base import picture_of
from inspector.types.results.filters import Filters

_MOST_ACROSS, _MOST_DOWN = 96, 64
"""Filters and channels that a grid shows."""
_SIDE = 1280
"""About how many pixels a grid is wide."""
_LARGEST = 48
"""The side of one kernel in a grid."""
_TEXT_SIZE = 13
_TILE = 110
"""About how wide a filter in colors is."""
_LABEL = 40
"""How wide the numbers of channels are."""
_MATRIX = 768
"""The longer side of a matrix, at least, in pixels."""


@picture_of(Filters)
def draw_filters(result: Filters) -> list[Image.Image]:
    """Draw the filters: over an image's one or three channels as tiles, else as a grid with a row per channel.

    A dense layer is a matrix of a row per unit. NaN and infinity are marked.
    """
    weights = result.weights
    if not weights.size:
        return []
    kernels = _planes(weights)
    scaling = "shared" if result.scale == "layer" else "each"
    if weights.ndim > 2 and kernels.shape[1] in (1, 3) and (result.color != "NONE" or kernels.shape[1] == 1):
        color = "BGR" if result.color == "BGR" else "RGB"
        side = min(_SIDE, _TILE * ceil(sqrt(len(kernels))))
        return [
            marked_tiles(
                kernels,
                lambda array: (
                    filters(array, color=color, scaling=scaling, numbers=result.numbers, side=side).image
                ),
            )
        ]
    if kernels.shape[2:] == (1, 1):
        return [marked_tiles(kernels, lambda array: _matrix(array[:, :, 0, 0], result))]
    return [marked_tiles(kernels, lambda array: _grid(array, result))]


def _planes(weights: Array) -> Array:
    """Return weights as (filters, channels, rows, columns): a kernel of three axes is a mosaic of its slices."""
    if weights.ndim <= 4:
        return weights.reshape(*weights.shape[:2], *(1,) * (4 - weights.ndim), *weights.shape[2:])
    if weights.ndim == 5:
        flat = [[mosaic(kernel[..., None])[..., 0] for kernel in one] for one in weights]
        return np.asarray(flat)
    return weights.reshape(*weights.shape[:2], -1, weights.shape[-1])


def _grid(kernels: Array, result: Filters) -> Image.Image:
    """Draw a column per filter and a gray row per channel that it reads."""
    shown = kernels[:_MOST_ACROSS, :_MOST_DOWN]
    count, channels, height, width = shown.shape
    factor = max(1, min(_LARGEST // max(height, width), (_SIDE - _LABEL) // count // width))
    cell = (width * factor, height * factor)
    whole = np.abs(shown).max() if result.scale == "layer" else None
    columns = [_labels(range(channels), cell[1])]
    for number, one in zip(result.numbers, shown, strict=False):
        unit = (1 + to_signed(one.astype(np.float64), bound=whole)) / 2
        gray = np.rint(unit * 255).astype(np.uint8)
        tiles = [Image.fromarray(plane).resize(cell, Image.Resampling.NEAREST) for plane in gray]
        column = stack([one.convert("RGB") for one in tiles], gap=1)
        columns.append(stack([line(str(number), width=cell[0], size=_small(cell[0])), column], gap=0))
    below = beside(columns, gap=2)
    words = f"{result.layer}: a column per filter, a row per channel that it reads"
    if shown.shape[:2] != kernels.shape[:2]:
        words += f"; the first {count} of {len(kernels)} filters, {channels} of {kernels.shape[1]} channels"
    return stack([line(words, width=max(below.width, 640), size=_TEXT_SIZE, left=True), below], gap=2)


def _labels(numbers: range, height: int) -> Image.Image:
    """Draw the numbers of channels, each beside its row."""
    head = Image.new("RGB", (_LABEL, round(_small(_LABEL) * 1.5)), PAPER)
    step = max(1, -(-11 // (height + 1)))
    rows = []
    for number in numbers:
        row = Image.new("RGB", (_LABEL, height), PAPER)
        if number % step == 0 and height >= 9:
            label = line(str(number), width=_LABEL, size=min(11, height))
            row.paste(label.crop((0, 0, _LABEL, min(height, label.height))), (0, 0))
        rows.append(row)
    return stack([head, stack(rows, gap=1)], gap=0)


def _small(width: int) -> int:
    return min(11, max(7, width // 2))


def _matrix(weights: Array, result: Filters) -> Image.Image:
    """Draw a row per filter or unit and a column per channel: blue below zero, orange above."""
    values = weights.astype(np.float64)
    if result.scale == "filter":
        largest = np.abs(values).max(axis=1, keepdims=True)
        values = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    picture = Image.fromarray(colorize(to_signed(values, percentile=99.5), Colormap.DIVERGING))
    factor = max(1, _MATRIX // max(picture.size))
    wide = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    if max(wide.size) > 2 * _SIDE:
        wide.thumbnail((2 * _SIDE, 2 * _SIDE), Image.Resampling.BOX)
    first, last = result.numbers[0], result.numbers[-1]
    words = f"{result.layer}: a row per filter ({first} to {last}), a column per channel (0 to {weights.shape[1] - 1})"
    return stack([line(words, width=max(wide.width, 640), size=_TEXT_SIZE, left=True), wide], gap=2)
