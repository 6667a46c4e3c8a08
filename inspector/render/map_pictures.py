"""How maps are drawn: in their method's way, over the photograph or cut to a unit's window, with title and scale."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from inspector.errors import InvalidInputError
from inspector.render.arrange import PAPER, beside, stack
from inspector.render.colormaps import Colormap, colorize
from inspector.render.maps import attribution_image, channels_last, heatmap, saliency
from inspector.render.marks import marked_map
from inspector.render.normalize import to_heat, to_signed
from inspector.render.overlay import blend, overlay
from inspector.render.photograph import gray_of, is_drawable, photograph_of
from inspector.render.scales import PERCENTILE, Scale, scale_of
from inspector.render.signals import with_curve
from inspector.render.text import line, number
from inspector.types.arrays import Array
from inspector.types.contrast import is_nothing
from inspector.types.layouts import space_of
from inspector.types.results.base import picture_of
from inspector.types.results.maps import Maps

_ALPHA = 0.6
"""How much of a photograph colors hide."""
_SMALLEST_SIDE = 240
"""A narrower map is enlarged, so that the words around it can be read; a high one as far as its height allows."""
_LARGEST_SIDE = 960
_TEXT_SIZE = 13
_MARGIN = 6


@picture_of(Maps)
def draw_maps(
    result: Maps, *, plain: bool = False, crop: bool = False, over_photograph: bool | None = None
) -> list[Image.Image]:
    """Draw each map in the way that its method declares: over a signal as a strip below its curve, of a volume slices.

    Above each stands what it explains, below what its colors mean; `plain` leaves both out, and a pixel is a value.
    `crop` cuts the map of a unit to the unit's window, and puts what the photograph shows there beside it.
    `over_photograph` lays it over the photograph, or does not, where by default heat does. Maps over flat vectors have
    no picture. InvalidInputError where nothing can be cut.
    """
    if not is_drawable(result.maps, result.layout):
        return []
    if crop:
        _require_windows(result)
    return [
        _picture(result, index, plain=plain, crop=crop, over_photograph=over_photograph)
        for index in range(len(result.maps))
    ]


def _picture(
    result: Maps, index: int, *, plain: bool, crop: bool, over_photograph: bool | None
) -> Image.Image:
    image = result.targets[index].image
    values = result.maps[index]
    if is_nothing(values, beside=result.targets[index].value):
        values = np.zeros_like(values)  # what rounding left is not stretched to a picture
    scale = scale_of(values, picture=result.picture, layout=result.layout)

    def draw(finite: Array) -> Image.Image:
        if scale.is_still and result.picture != "heat" and not over_photograph:
            return _dark(finite, layout=result.layout)
        return _drawn(finite, result, image=image, over_photograph=over_photograph)

    picture = marked_map(values, draw, layout=result.layout)
    is_signal = space_of(result.layout) == "L"
    if crop and not is_signal:
        picture = _cut(picture, result.targets[index].window)
    if plain:
        return picture if not is_signal else with_curve(picture, _curve(result, image))
    picture = with_curve(picture, _curve(result, image)) if is_signal else _enlarged(picture)
    if crop and not is_signal and len(result.targets[index].window) == 4:
        picture = beside([picture, _enlarged(_patch(result, index))], gap=_MARGIN)
    return _framed(picture, result, index, scale)


def _patch(result: Maps, index: int) -> Image.Image:
    """Return what a unit sees of the photograph."""
    target = result.targets[index]
    shown = photograph_of(result.inputs[target.image], layout=result.layout, spec=result.preprocessing)
    return _cut(Image.fromarray(shown), target.window)


def _curve(result: Maps, image: int) -> Array:
    curve: Array = gray_of(result.inputs[image], result.layout)[0]
    return curve


def _drawn(values: Array, result: Maps, *, image: int, over_photograph: bool | None) -> Image.Image:
    """Draw a map of finite values, a pixel per place."""
    over = over_photograph
    if over is None:
        is_plane = values.shape != result.inputs[image].shape  # without the image's own channels
        over = result.picture == "heat" or (result.picture == "signed" and is_plane)
    if over:
        shown = photograph_of(result.inputs[image], layout=result.layout, spec=result.preprocessing)
        last = channels_last(values, layout=result.layout)
        if last.shape[:2] == shown.shape[:2]:
            if result.picture == "heat":
                return overlay(shown, to_heat(last.mean(axis=2)))
            if result.picture == "saliency":
                return overlay(shown, saliency(values, layout=result.layout, percentile=PERCENTILE))
            colors = colorize(to_signed(last.sum(axis=2), percentile=PERCENTILE), Colormap.DIVERGING)
            return blend(shown, colors, alpha=_ALPHA)
    return attribution_image(
        values, picture=result.picture, layout=result.layout, color=result.preprocessing.color
    )


def _dark(values: Array, *, layout: str) -> Image.Image:
    """Draw a map that is zero everywhere: dark, whatever zero is among the colors of its kind."""
    return heatmap(np.zeros(channels_last(values, layout=layout).shape[:2]), low=0.0, high=1.0)


def _framed(picture: Image.Image, result: Maps, index: int, scale: Scale) -> Image.Image:
    """Put what a map explains above it, and its scale below."""
    target, width = result.targets[index], picture.width
    answer = f"{result.method}, value {number(target.value)}"
    words = [line(text, width=width, size=_TEXT_SIZE, left=True) for text in (str(target), answer)]
    bar = scale.bar(width=width - 2 * _MARGIN, size=_TEXT_SIZE)
    return stack(
        [stack(words, gap=0), picture, ImageOps.expand(bar, (_MARGIN, 0, _MARGIN, _MARGIN), PAPER)], gap=4
    )


def _enlarged(picture: Image.Image) -> Image.Image:
    """Enlarge a small picture by a whole number, its pixels as squares; beside a narrow one is paper."""
    factor = max(1, min(-(-_SMALLEST_SIDE // picture.width), _LARGEST_SIDE // picture.height))
    large = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    missing = max(0, _SMALLEST_SIDE - large.width)
    return ImageOps.expand(large.convert("RGB"), (missing // 2, 0, missing - missing // 2, 0), PAPER)


def _require_windows(result: Maps) -> None:
    if not any(len(one.window) == 4 for one in result.targets):
        raise InvalidInputError(
            "crop cuts the map of a unit to what the unit sees, and none of these maps is one of a unit of a layer "
            "whose windows are known; leave crop out, or explain Unit(layer, channel, position).",
            reason="NO_WINDOW",
            field="crop",
        )


def _cut(picture: Image.Image, window: tuple[int, ...]) -> Image.Image:
    """Cut a picture to a window (top, left, bottom, right); what has none, or an empty one, stays whole."""
    if len(window) != 4:
        return picture
    top, left, bottom, right = window
    is_some = 0 <= top < bottom <= picture.height and 0 <= left < right <= picture.width
    return picture.crop((left, top, right, bottom)) if is_some else picture
