"""One attribution map, in the model's layout, becomes one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspector.errors import InvalidInputError, unknown_name
from inspector.render.colormaps import Colormap, colorize
from inspector.render.flat import flat
from inspector.render.normalize import (
    FloatArray,
    finite,
    to_bytes,
    to_heat,
    to_signed,
    to_unit,
)
from inspector.types.preprocessing import COLORS


def channels_last(values: npt.ArrayLike, *, layout: str, color: str = "RGB") -> FloatArray:
    """Return one image's map (H, W, C) with its colors in the order RGB; a signal as a row, a volume as a mosaic.

    `layout` and `color` are the model's: "NCHW", "NHWC", "NCL", … (the map itself has no batch axis), and one of RGB,
    BGR, GRAY, RGBA and NONE.
    """
    if color not in COLORS:
        raise InvalidInputError(f"color is {color!r}; give one of {', '.join(COLORS)}.", field="color")
    array = finite(flat(np.asarray(values), layout=layout), field="map", ndim=3)
    return array[:, :, ::-1] if color == "BGR" else array


def projection_image(
    values: npt.ArrayLike, *, layout: str, color: str = "RGB", percentile: float = 99.5
) -> Image.Image:
    """Draw a signed map in its own colors around mid-gray: 0.5 + 0.5 · map / bound.

    The bound is the percentile of the map's own magnitudes: pictures of two maps do not compare in strength.
    """
    array = channels_last(values, layout=layout, color=color)
    channels = array.shape[2]
    if channels not in (1, 3):
        raise InvalidInputError(
            f"The map has {channels} channels in layout {layout}; colors need 1 or 3. Draw its sum over "
            "channels with signed_image, or its magnitude with saliency_image.",
            field="map",
        )
    pixels = to_bytes((1.0 + to_signed(array, percentile=percentile)) / 2.0)
    return Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)


def saliency_image(
    values: npt.ArrayLike, *, layout: str, percentile: float = 99.5, colormap: Colormap = Colormap.HEAT
) -> Image.Image:
    """Draw max over channels of |map| (Simonyan et al. 2013, §3.1), brightest from the percentile on."""
    return heatmap(
        saliency(values, layout=layout, percentile=percentile), low=0.0, high=1.0, colormap=colormap
    )


def saliency(values: npt.ArrayLike, *, layout: str, percentile: float = 99.5) -> FloatArray:
    """Return max over channels of |map| in [0, 1], shape (H, W); a map of zeros stays zero."""
    magnitude = np.abs(channels_last(values, layout=layout)).max(axis=2)
    return to_signed(magnitude, percentile=percentile)


def signed_image(values: npt.ArrayLike, *, percentile: float = 99.5) -> Image.Image:
    """Draw one signed plane (H, W): blue below zero, near-white at zero, orange above."""
    plane = finite(values, field="map", ndim=2)
    return Image.fromarray(colorize(to_signed(plane, percentile=percentile), Colormap.DIVERGING))


def heatmap(
    values: npt.ArrayLike,
    *,
    low: float | None = None,
    high: float | None = None,
    colormap: Colormap = Colormap.HEAT,
) -> Image.Image:
    """Draw one plane (H, W), `low` to `high` (by default its own range) from dark to bright."""
    return Image.fromarray(
        colorize(to_unit(finite(values, field="map", ndim=2), low=low, high=high), colormap)
    )


def _saliency_picture(values: npt.ArrayLike, layout: str, color: str) -> Image.Image:
    del color  # a maximum over channels has no colors to order
    return saliency_image(values, layout=layout)


def _projection_picture(values: npt.ArrayLike, layout: str, color: str) -> Image.Image:
    array = channels_last(values, layout=layout, color=color)
    if array.shape[2] in (1, 3):
        return projection_image(array, layout="NHWC")
    return signed_image(array.sum(axis=2))


def _signed_picture(values: npt.ArrayLike, layout: str, color: str) -> Image.Image:
    del color  # a sum over channels has no colors to order
    return signed_image(channels_last(values, layout=layout).sum(axis=2))


def _heat_picture(values: npt.ArrayLike, layout: str, color: str) -> Image.Image:
    del color  # the map says where, alike in all channels
    return heatmap(to_heat(channels_last(values, layout=layout).mean(axis=2)), low=0.0, high=1.0)


_PICTURES: Mapping[str, Callable[[npt.ArrayLike, str, str], Image.Image]] = {
    "saliency": _saliency_picture,
    "signed": _signed_picture,
    "heat": _heat_picture,
    "projection": _projection_picture,
}


def attribution_image(values: npt.ArrayLike, *, picture: str, layout: str, color: str = "RGB") -> Image.Image:
    """Draw a map as a `picture` of inspector.types.options.PICTURES, which its method declares.

    "saliency" as magnitude, "signed" summed over channels in signed colors, "heat" from dark to bright, "projection"
    in its own colors. Raises NotFoundError for another.
    """
    draw = _PICTURES.get(picture)
    if draw is None:
        raise unknown_name("picture", picture, _PICTURES, field="picture")
    return draw(values, layout, color)
