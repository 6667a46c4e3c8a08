"""How each kind of result is drawn; NaN and infinity are marked in magenta."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inspector.render.chart import line_chart
from inspector.render.layers import feature_maps
from inspector.render.marks import marked_tiles
from inspector.render.normalize import to_bytes, to_unit
from inspector.render.occlusion import occlusion_figure
from inspector.render.photograph import is_drawable, photograph_of
from inspector.render.predictions import boxes_picture, map_picture
from inspector.types.arrays import Array
from inspector.types.layouts import channel_axis, of_one, space_of
from inspector.types.results.activations import Activation, Activations
from inspector.types.results.base import picture_of
from inspector.types.results.predictions import Predictions
from inspector.types.results.sweep import NOT_WATCHED, Sweep
from inspector.types.results.table import Series


@picture_of(Sweep)
def draw_sweep(result: Sweep) -> list[Image.Image]:
    """Draw the three maps over the photograph, side by side; positions whose answer is not finite stay bare.

    Of a signal they are strips, of a volume they lie over its slices.
    """
    if not is_drawable(result.inputs, result.layout):
        return []
    is_watched = result.channel != NOT_WATCHED
    finite = np.isfinite(result.probability) & (result.label >= 0)
    if is_watched:
        finite &= np.isfinite(result.activation)
    values = [result.probability, result.label, result.activation, result.done & finite]
    size, photo, tops = result.size, result.inputs[0], result.tops
    shown: Array
    if len(size) == 1:
        # A strip is a picture of some rows that all say the same.
        row = photograph_of(photo, layout=result.layout, spec=result.preprocessing)
        shown = np.repeat(row, max(8, row.shape[1] // 8), axis=0)
        values, size, tops = [one[None] for one in values], (shown.shape[0], *size), np.zeros(1, np.int64)
    elif len(size) == 2:
        shown = photograph_of(photo, layout=result.layout, spec=result.preprocessing)
    else:
        shown = _slices(photo, result.layout)
    probability, label, activation, done = values
    figure = occlusion_figure(
        shown,
        probability,
        label,
        activation if is_watched else None,
        tops=tops,
        lefts=result.lefts,
        fronts=result.starts[0] if len(size) > 2 else None,
        size=size,
        labels=result.labels,
        target=result.target.label or str(result.target),
        answer="Probability" if result.target.kind == "class" else "Value",
        layer=result.layer,
        done=done,
        baselines=(result.baseline_probability, result.baseline_activation),
    )
    return [figure.side_by_side()]


def _slices(volume: Array, layout: str) -> Array:
    """Return a volume (D, H, W, 3) in gray."""
    axis = channel_axis(of_one(layout))
    planes = np.where(np.isfinite(volume), volume, 0)
    gray = to_bytes(to_unit((planes if axis is None else planes.mean(axis=axis)).astype(np.float64)))
    return np.repeat(gray[..., None], 3, axis=3)


@picture_of(Predictions)
def draw_predictions(result: Predictions) -> list[Image.Image]:
    """Draw boxes, or the class of each place, over each photograph; other answers have no picture."""
    if result.inputs is None or result.preprocessing is None or space_of(result.layout) != "HW":
        return []
    pictures = []
    for values, one in zip(result.inputs, result, strict=True):
        photo = photograph_of(values, layout=result.layout, spec=result.preprocessing)
        drawn = boxes_picture(photo, one.boxes) if one.meaning == "boxes" else map_picture(photo, one)
        if drawn is not None:
            pictures.append(drawn)
    return pictures


@picture_of(Activations)
def draw_activations(result: Activations) -> list[Image.Image]:
    """Draw, layer by layer, what it computed of the first image: a grid of its channels."""
    scaling = "shared" if result.scale == "layer" else None
    return [
        _channels(one, scaling=scaling, by_strength=result.order == "strength")
        for one in result.activations
        if one.values[:1].size
    ]


def _channels(one: Activation, *, scaling: str | None, by_strength: bool) -> Image.Image:
    maps = np.asarray(one.values[0], np.float32)
    space = [axis - 1 for axis in one.spatial_axes if axis > 0]
    if one.channel_axis is not None and maps.ndim > 1:
        # Channels, then what is neither, then the axes along the image's rows and columns in the image's order.
        first = one.channel_axis - 1
        others = [axis for axis in range(maps.ndim) if axis != first and axis not in space]
        maps = maps.transpose(first, *others, *space)
    is_numbered = maps.ndim != 2
    match maps.ndim:
        case 0 | 1:
            maps = maps.reshape(-1)
        case 2:  # channels over one axis, such as tokens: one picture of both
            maps = maps[None]
        case _:
            maps = maps.reshape(len(maps), -1, maps.shape[-1])
    numbers = np.arange(len(maps))
    if by_strength and is_numbered:
        peaks = np.where(np.isfinite(maps), maps, -np.inf).reshape(len(maps), -1).max(axis=1)
        numbers = np.argsort(-peaks, kind="stable")
    shown = numbers.tolist() if is_numbered else None
    return marked_tiles(
        maps[numbers],
        lambda array: feature_maps(array, layout="NCHW", scaling=scaling, numbers=shown).image,
    )


@picture_of(Series)
def draw_series(result: Series) -> list[Image.Image]:
    """Draw the curves over their axis."""
    if not result.curves:
        return []
    return [
        line_chart(
            result.x, result.curves, x_label=result.x_label, y_label=result.y_label, title=result.title
        )
    ]
