"""The occluder: a square of one color, where it stands, and how it covers an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.errors import InvalidInputError
from inspector.methods.color import color_values
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array


@dataclass(frozen=True, kw_only=True)
class Occluder:
    """A square that slides."""

    size: tuple[int, int]
    stride: tuple[int, int]
    fill: tuple[float, ...]
    """Per channel, in the model's input units."""
    tops: Array
    lefts: Array
    channels_last: bool

    def occlude(self, x: Array, positions: Sequence[tuple[int, ...]]) -> Array:
        """Return a copy of the (1, …) image per (row, column) of `tops` and `lefts`, with the square there."""
        images = np.repeat(x, len(positions), axis=0)
        color = np.asarray(self.fill, x.dtype)
        color = color if self.channels_last else color[:, None, None]
        for image, (row, column) in zip(images, positions, strict=True):
            vertical = slice(self.tops[row], self.tops[row] + self.size[0])
            horizontal = slice(self.lefts[column], self.lefts[column] + self.size[1])
            if self.channels_last:
                image[vertical, horizontal] = color
            else:
                image[:, vertical, horizontal] = color
        return images


def make_occluder(
    model: OnnxModel,
    *,
    height: int,
    width: int,
    size: int | tuple[int, int] | None,
    stride: int | tuple[int, int] | None,
    fill: float | Sequence[float] | None,
) -> Occluder:
    """Return the occluder for images of height × width, with defaults: a fifth of the image, a third of the size, gray.

    Raises InvalidInputError for sizes, strides and fills that do not fit.
    """
    if model.input.layout == "NC":
        raise InvalidInputError(
            "Occlusion needs an image input; this model takes a flat vector.", field="images"
        )
    size = _pair(size) or (max(1, round(height / 5)), max(1, round(width / 5)))
    stride = _pair(stride) or (max(1, size[0] // 3), max(1, size[1] // 3))
    _check("size", size, (height, width))
    _check("stride", stride, (height, width))
    return Occluder(
        size=size,
        stride=stride,
        fill=color_values(model, "gray" if fill is None else fill, field="fill"),
        tops=_starts(height, size[0], stride[0]),
        lefts=_starts(width, size[1], stride[1]),
        channels_last=model.input.layout == "NHWC",
    )


def _starts(length: int, size: int, stride: int) -> Array:
    starts = list(range(0, length - size + 1, stride))
    if starts[-1] != length - size:
        starts.append(length - size)  # the last square reaches the edge
    return np.asarray(starts, np.int64)


def _pair(value: int | tuple[int, int] | None) -> tuple[int, int] | None:
    if value is None:
        return None
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _check(what: str, value: tuple[int, int], limits: tuple[int, int]) -> None:
    if not all(1 <= v <= limit for v, limit in zip(value, limits, strict=True)):
        raise InvalidInputError(
            f"{what} is {value[0]}×{value[1]} pixels; allowed is 1×1 to {limits[0]}×{limits[1]}.", field=what
        )
