"""A set of pictures laid out on its principal plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageOps

from inspector.errors import InvalidInputError
from inspector.render.arrange import PAPER
from inspector.render.grid import fit
from inspector.render.normalize import FloatArray, finite
from inspector.render.text import INK, font

_AXIS = (205, 208, 214)
_TEXT_SIZE = 16
_FLATTEST, _TALLEST = 0.45, 1.0
"""The picture's height is this much of its width, at least and at most, whatever the cloud's shape."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """Maps the plane to the picture, both axes at one scale."""

    center: FloatArray
    scale: float
    width: int
    height: int

    def place(self, points: FloatArray) -> FloatArray:
        offset = (points - self.center) * self.scale
        return np.stack([self.width / 2 + offset[:, 0], self.height / 2 - offset[:, 1]], axis=1)


def pca_scatter(
    points: npt.ArrayLike,
    thumbnails: Sequence[Image.Image],
    *,
    width: int = 1280,
    thumbnail: int = 72,
    explained: Sequence[float] | None = None,
) -> Image.Image:
    """Put each picture at its point (N, 2), the first axis to the right, the second up, both at one scale.

    Where pictures overlap, those farther from the origin, which tell more, lie on top. `explained` holds
    the two axes' shares of the variance, for their names.
    """
    plane = finite(points, field="points", ndim=2)
    if plane.shape != (len(thumbnails), 2):
        raise InvalidInputError(
            f"points has shape {plane.shape} for {len(thumbnails)} thumbnails; give one row of two for each.",
            field="points",
        )
    view = _view(plane, width=width, margin=thumbnail // 2 + 2 * _TEXT_SIZE)
    picture = Image.new("RGB", (view.width, view.height), PAPER)
    _draw_axes(picture, origin=view.place(np.zeros((1, 2)))[0], explained=explained)
    places = view.place(plane)
    for index in np.argsort(np.linalg.norm(plane, axis=1), kind="stable"):
        small = _framed(thumbnails[index], side=thumbnail)
        x, y = places[index]
        picture.paste(small, (round(x - small.width / 2), round(y - small.height / 2)))
    return picture


def _framed(image: Image.Image, *, side: int) -> Image.Image:
    picture = fit(image.convert("RGB"), (side, side))
    return ImageOps.expand(ImageOps.expand(picture, 1, _AXIS), 1, PAPER)


def _view(plane: FloatArray, *, width: int, margin: int) -> _View:
    room = width - 2 * margin
    if room < 1:
        raise InvalidInputError(
            f"width is {width}; thumbnails of this size need more than {2 * margin}.", field="width"
        )
    low, high = plane.min(axis=0), plane.max(axis=0)
    span = high - low
    flatness = float(span[1] / span[0]) if span[0] > 0 else _TALLEST
    height = round(width * min(max(flatness, _FLATTEST), _TALLEST))
    # Points that are all equal, or on a line, leave a span of zero: it then sets no scale.
    scales = [
        space / extent for space, extent in zip((room, height - 2 * margin), span, strict=True) if extent > 0
    ]
    return _View(center=(low + high) / 2, scale=min(scales, default=1.0), width=width, height=height)


def _draw_axes(picture: Image.Image, *, origin: FloatArray, explained: Sequence[float] | None) -> None:
    draw = ImageDraw.Draw(picture)
    x, y = origin
    draw.line((0, y, picture.width, y), fill=_AXIS, width=1)
    draw.line((x, 0, x, picture.height), fill=_AXIS, width=1)
    shares = (
        [f" ({100 * share:.0f} % of variance)" for share in explained] if explained is not None else ["", ""]
    )
    face = font(_TEXT_SIZE)
    names = (f"component 1{shares[0]}", f"component 2{shares[1]}")
    draw.text((picture.width - 6, picture.height - 6), names[0], fill=INK, font=face, anchor="rd")
    draw.text((6, 6), names[1], fill=INK, font=face, anchor="la")
