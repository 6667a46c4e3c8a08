"""What a layer holds, as tiles: its feature maps for one image, or its filters over the image's channels."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.render.arrange import stack
from inspector.render.grid import Tiles, near_square, tile
from inspector.render.maps import channels_last
from inspector.render.normalize import FloatArray, finite, magnitude_bound, to_bytes, to_signed, to_unit
from inspector.render.text import line

MAX_TILES = 1000
_LARGEST_TILE = 320
_LEAST_NUMBERED = 20
"""Tiles that are narrower, in pixels, have no room for their numbers."""
_SMALLEST_NUMBER, _LARGEST_NUMBER = 9, 14
"""The sizes of the numbers' letters."""


class Scaling(StrEnum):
    """Over which range of values a tile goes from dark to bright."""

    EACH = "each"
    """Its own: shows where each one is strong, hides which one is."""
    SHARED = "shared"
    """That of all tiles: shows which is strong; one dominant tile leaves the others flat."""


def feature_maps(
    activation: npt.ArrayLike,
    *,
    layout: str = "NCHW",
    scaling: Scaling | str | None = None,
    limit: int = MAX_TILES,
    side: int = 1280,
    numbers: Sequence[int] | None = None,
) -> Tiles:
    """Draw one image's activation, (C, H, W), (H, W, C) by `layout`, or (C,), as gray tiles in channel order.

    Every range includes zero, so a map that is zero everywhere is black. `scaling` is EACH by default, and
    SHARED where a map is a single value, whose own range says nothing. At most `limit` tiles are drawn, about
    `side` pixels across, each below its number where `numbers` has them.
    """
    maps = _channels_first(finite(activation, field="activation", ndim=(1, 3)), layout)
    total = len(maps)
    maps = maps[: _positive(limit, "limit")]
    chosen = _scaling(scaling, default=Scaling.SHARED if maps[0].size == 1 else Scaling.EACH)
    shared = _range_with_zero(maps) if chosen is Scaling.SHARED else None
    pixels = [to_bytes(_from_dark(plane, shared or _range_with_zero(plane))) for plane in maps]
    return _tiles(pixels, total=total, what="channels", side=side, numbers=numbers)


def filters(
    weights: npt.ArrayLike,
    *,
    color: str = "RGB",
    scaling: Scaling | str | None = None,
    limit: int = MAX_TILES,
    side: int = 1280,
    numbers: Sequence[int] | None = None,
) -> Tiles:
    """Draw a convolution's weights (O, I, h, w) over an image's channels, I 1 or 3, as tiles around mid-gray.

    `scaling` is EACH by default; SHARED shows a filter that dominates (Zeiler & Fergus 2014, Fig 6a).
    """
    kernels = finite(weights, field="weights", ndim=4)
    if kernels.shape[1] not in (1, 3):
        raise InvalidInputError(
            f"The weights have shape {kernels.shape}: filters over {kernels.shape[1]} channels have no "
            "colors. Give those of the first convolution, (O, 3, h, w) or (O, 1, h, w).",
            field="weights",
        )
    total = len(kernels)
    kernels = kernels[: _positive(limit, "limit")]
    shared = magnitude_bound(kernels, percentile=100.0)
    bound = shared if _scaling(scaling, default=Scaling.EACH) is Scaling.SHARED else None
    pixels = [
        to_bytes((1.0 + to_signed(channels_last(kernel, layout="NCHW", color=color), bound=bound)) / 2.0)
        for kernel in kernels
    ]
    return _tiles(pixels, total=total, what="filters", side=side, numbers=numbers)


def _channels_first(array: FloatArray, layout: str) -> FloatArray:
    if array.ndim == 1:
        return array.reshape(-1, 1, 1)
    return channels_last(array, layout=layout).transpose(2, 0, 1)


def _range_with_zero(values: FloatArray) -> tuple[float, float]:
    return min(0.0, float(values.min())), max(0.0, float(values.max()))


def _from_dark(plane: FloatArray, ends: tuple[float, float]) -> FloatArray:
    low, high = ends
    return to_unit(plane, low=low, high=high) if high > low else np.zeros_like(plane)


def _scaling(given: Scaling | str | None, *, default: Scaling) -> Scaling:
    try:
        return default if given is None else Scaling(given)
    except ValueError:
        raise InvalidInputError(
            f"scaling is {given!r}; give one of {', '.join(Scaling)}.", field="scaling"
        ) from None


def _positive(value: int, field: str) -> int:
    if value < 1:
        raise InvalidInputError(f"{field} is {value}; it must be at least 1.", field=field)
    return value


def _tiles(
    pixels: list[npt.NDArray[np.uint8]],
    *,
    total: int,
    what: str,
    side: int,
    numbers: Sequence[int] | None = None,
) -> Tiles:
    height, width = pixels[0].shape[:2]
    columns = min(near_square(len(pixels), width=width, height=height), len(pixels))
    pitch = max(2, min(_LARGEST_TILE, _positive(side, "side") // columns))
    gap = max(1, pitch // 40)
    factor = min((pitch - gap) / width, _LARGEST_TILE / height)
    if factor >= 1:  # whole, so that cells have no margins
        factor = int(factor)
    cell = (max(1, round(width * factor)), max(1, round(height * factor)))
    pictures = [_picture(plane) for plane in pixels]
    if numbers is not None and cell[0] >= _LEAST_NUMBERED:
        size = min(_LARGEST_NUMBER, max(_SMALLEST_NUMBER, cell[0] // 6))
        labels = [
            line(str(number), width=cell[0], size=size, left=True) for number in numbers[: len(pictures)]
        ]
        pictures = [
            stack([label, tile([picture], cell=cell)], gap=0)
            for label, picture in zip(labels, pictures, strict=True)
        ]
        cell = pictures[0].size
    picture = tile(pictures, columns=columns, gap=gap, cell=cell)
    return Tiles(image=picture, shown=len(pixels), total=total, what=what)


def _picture(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    is_gray = pixels.ndim == 3 and pixels.shape[2] == 1
    return Image.fromarray(pixels[:, :, 0] if is_gray else pixels)
