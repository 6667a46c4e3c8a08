"""How each kind of result is drawn; NaN and infinity are marked in magenta."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inspector.render.arrange import beside, stack
from inspector.render.chart import line_chart
from inspector.render.grid import tile
from inspector.render.layers import feature_maps
from inspector.render.maps import attribution_image, channels_last, heatmap
from inspector.render.marks import marked_map, marked_tiles
from inspector.render.normalize import to_bytes, to_unit
from inspector.render.occlusion import occlusion_figure
from inspector.render.overlay import overlay
from inspector.render.photograph import photograph
from inspector.render.predictions import boxes_picture, map_picture
from inspector.render.text import line, number
from inspector.types.arrays import Array
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.activations import Activation, Activations
from inspector.types.results.base import picture_of
from inspector.types.results.images import ExampleRow, Examples, Images
from inspector.types.results.maps import Maps
from inspector.types.results.predictions import Predictions
from inspector.types.results.sweep import Sweep
from inspector.types.results.table import Series

_IMAGE_LAYOUTS = ("NCHW", "NHWC")
_COLORED = (1, 3)
"""How many channels a picture in its own colors may have."""
_CELL = 112
"""The side of an example's tile, in pixels."""
_TEXT_SIZE = 15


@picture_of(Maps)
def draw_maps(result: Maps) -> list[Image.Image]:
    """Draw each map in the way that its method declares; maps over flat vectors have no picture."""
    if result.layout not in _IMAGE_LAYOUTS or result.maps.ndim != 4:
        return []
    return [_map(result, index) for index in range(len(result.maps))]


def _map(result: Maps, index: int) -> Image.Image:
    def draw(values: Array) -> Image.Image:
        if result.picture == "heat":
            return _heat(values, result, image=result.targets[index].image)
        return attribution_image(
            values, picture=result.picture, layout=result.layout, color=result.preprocessing.color
        )

    return marked_map(result.maps[index], draw, layout=result.layout)


def _heat(values: Array, result: Maps, *, image: int) -> Image.Image:
    """Draw the mean over channels as heat over the photograph that it explains."""
    shown = photograph_of(result.inputs[image], layout=result.layout, spec=result.preprocessing)
    plane = channels_last(values, layout=result.layout).mean(axis=2)
    if plane.shape != shown.shape[:2]:
        return heatmap(plane)
    return overlay(shown, to_unit(plane))


@picture_of(Sweep)
def draw_sweep(result: Sweep) -> list[Image.Image]:
    """Draw the three maps over the photograph, side by side; positions whose answer is not finite stay bare."""
    if result.layout not in _IMAGE_LAYOUTS or result.inputs.ndim != 4:
        return []
    finite = np.isfinite(result.probability) & np.isfinite(result.activation) & (result.label >= 0)
    height, width = result.size
    figure = occlusion_figure(
        photograph_of(result.inputs[0], layout=result.layout, spec=result.preprocessing),
        result.probability,
        result.label,
        result.activation,
        tops=result.tops,
        lefts=result.lefts,
        size=(height, width),
        labels=result.labels,
        target=result.target.label or str(result.target),
        answer="Probability" if result.target.kind == "class" else "Value",
        layer=result.layer,
        done=result.done & finite,
    )
    return [figure.side_by_side()]


@picture_of(Predictions)
def draw_predictions(result: Predictions) -> list[Image.Image]:
    """Draw boxes, or the class of each place, over each photograph; other answers have no picture."""
    if result.inputs is None or result.preprocessing is None or result.layout not in _IMAGE_LAYOUTS:
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
    return [_channels(one) for one in result.activations if one.values[:1].size]


def _channels(one: Activation) -> Image.Image:
    maps = np.asarray(one.values[0], np.float32)
    if one.channel_axis is not None and maps.ndim > 1:
        maps = np.moveaxis(maps, one.channel_axis - 1, 0)
    match maps.ndim:
        case 0 | 1:
            maps = maps.reshape(-1)
        case 2:  # channels over one axis, such as tokens: one picture of both
            maps = maps[None]
        case _:
            maps = maps.reshape(len(maps), -1, maps.shape[-1])
    return marked_tiles(maps, lambda array: feature_maps(array, layout="NCHW").image)


@picture_of(Images)
def draw_images(result: Images) -> list[Image.Image]:
    """Give the pictures as they are."""
    return [Image.fromarray(one.pixels) for one in result.images]


@picture_of(Examples)
def draw_examples(result: Examples) -> list[Image.Image]:
    """Draw a row per unit: the parts of images that excite it most, each above the activation there."""
    rows = [_row(row) for row in result.rows]
    return [stack(rows, gap=_TEXT_SIZE)] if rows else []


def _row(row: ExampleRow) -> Image.Image:
    cards = [
        stack(
            [
                tile([Image.fromarray(one.pixels)], cell=(_CELL, _CELL)),
                line(number(one.value), width=_CELL, size=_TEXT_SIZE),
            ],
            gap=2,
        )
        for one in row.examples
    ]
    width = max(len(cards) * (_CELL + 6) - 6, 4 * _CELL)
    title = line(row.title, width=width, size=_TEXT_SIZE, left=True)
    return stack([title, beside(cards, gap=6)], gap=2) if cards else title


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


def photograph_of(values: Array, *, layout: str, spec: Preprocessing) -> Array:
    """Return the picture, uint8 (H, W, 3), that one prepared image shows.

    Values that are not finite show as the mean's color, and channels that are no colors as their mean in gray.
    """
    known = np.where(np.isfinite(values), values, 0)
    if known.shape[0 if layout == "NCHW" else -1] in _COLORED:
        return photograph(
            known, layout=layout, color=spec.color, scale=spec.scale, mean=spec.mean, std=spec.std
        )
    gray = to_bytes(to_unit(channels_last(known, layout=layout).mean(axis=2)))
    return np.repeat(gray[:, :, None], 3, axis=2)
