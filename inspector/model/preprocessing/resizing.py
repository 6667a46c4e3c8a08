"""Resized pictures, of which only the part is made that is wanted (docs/decisions/0056-bounds.md)."""

from __future__ import annotations

from math import ceil, floor

from PIL import Image

from inspector.errors import LimitExceededError
from inspector.types.preprocessing import MOST_PIXELS

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the last two excluded."""

_WHOLE = 1 << 22
"""Pixels of a resized picture that is made whole, and then cut: a few milliseconds."""

_SUPPORT = {
    Image.Resampling.NEAREST: 1.0,
    Image.Resampling.BILINEAR: 1.0,
    Image.Resampling.BICUBIC: 2.0,
    Image.Resampling.LANCZOS: 3.0,
}
"""How far a filter reaches to each side: in pixels of the picture, or of the result where that has fewer."""


def resized(
    picture: Image.Image, size: tuple[int, int], method: Image.Resampling, *, box: Box | None = None
) -> Image.Image:
    """Return a picture resized to `size` (width, height), or `box` of that, which then is all that is made.

    A result of usual size, or no larger than the picture, is made whole and cut, which gives the same pixels to the
    bit; beyond that they may differ by one in 255. LimitExceededError for a result of more than MOST_PIXELS.
    """
    left, top, right, bottom = box or (0, 0, *size)
    require_bounded(picture.size, (right - left, bottom - top))
    area = size[0] * size[1]
    if box is None or area <= max(_WHOLE, picture.width * picture.height):
        whole = picture.resize(size, method)
        return whole if box is None else whole.crop(box)
    across, first = _source(picture.width, size[0], left, right, method)
    down, upper = _source(picture.height, size[1], top, bottom, method)
    # Cut first: Pillow keeps the box in 32 bits, which are exact enough for small numbers alone.
    part = picture.crop((across.start, down.start, across.stop, down.stop))
    return part.resize((right - left, bottom - top), method, box=(first[0], upper[0], first[1], upper[1]))


def require_bounded(given: tuple[int, int], size: tuple[int, int]) -> None:
    """Raise LimitExceededError where what is to come out of a picture, both (width, height), is beyond all bounds."""
    if size[0] * size[1] > MOST_PIXELS:
        raise LimitExceededError(
            f"The image of {given[1]} × {given[0]} pixels would become one of {size[1]:,} × {size[0]:,} so "
            f"that it fits; the limit is {MOST_PIXELS:,} pixels. Cut out the part that you mean, or have it resized to "
            "fewer.",
            field="image",
        )


def _source(
    given: int, made: int, first: int, last: int, method: Image.Resampling
) -> tuple[range, tuple[float, float]]:
    """Return which pixels of an axis are needed for [first, last) of `made`, and where these lie among them."""
    scale = given / made
    begin, end = first * scale, last * scale
    reach = _SUPPORT[method] * max(scale, 1.0) + 1
    needed = range(max(0, floor(begin - reach)), min(given, ceil(end + reach)))
    return needed, (begin - needed.start, min(end - needed.start, float(len(needed))))
