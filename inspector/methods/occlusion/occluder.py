"""The occluder: a square of one color, where it stands, and how it covers an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.errors import InvalidInputError
from inspector.methods.color import color_values
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.requests.occlude import OccludeRequest


@dataclass(frozen=True, kw_only=True)
class Occluder:
    """A square that slides."""

    size: tuple[int, ...]
    stride: tuple[int, ...]
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


def make_occluder(model: OnnxModel, image: Array, request: OccludeRequest) -> Occluder:
    """Return the occluder for a (1, …) image, with defaults: a fifth of the image, a third of the size, gray.

    Raises InvalidInputError for sizes, strides and fills that do not fit.
    """
    layout = model.input.layout
    if layout == "NC":
        raise InvalidInputError(
            "Occlusion needs an image input; this model takes a flat vector.", field="images"
        )
    extent = image.shape[1:3] if layout == "NHWC" else image.shape[-2:]
    size = _sizes("size", request.size, extent) or tuple(max(1, round(side / 5)) for side in extent)
    stride = _sizes("stride", request.stride, extent) or tuple(max(1, side // 3) for side in size)
    _check("size", size, extent)
    _check("stride", stride, extent)
    height, width = extent
    return Occluder(
        size=size,
        stride=stride,
        fill=color_values(model, "gray" if request.fill is None else request.fill, field="fill"),
        tops=_starts(height, size[0], stride[0]),
        lefts=_starts(width, size[1], stride[1]),
        channels_last=layout == "NHWC",
    )


def _starts(length: int, size: int, stride: int) -> Array:
    starts = list(range(0, length - size + 1, stride))
    if starts[-1] != length - size:
        starts.append(length - size)  # the last square reaches the edge
    return np.asarray(starts, np.int64)


def _sizes(what: str, given: tuple[int, ...] | None, extent: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return one number per axis of space."""
    if given is None or len(given) == len(extent):
        return given
    if len(given) == 1:
        return given * len(extent)
    raise InvalidInputError(
        f"{what} has {len(given)} numbers; give one, or one for each of the {len(extent)} axes of space.",
        field=what,
    )


def _check(what: str, value: tuple[int, ...], limits: tuple[int, ...]) -> None:
    if not all(1 <= v <= limit for v, limit in zip(value, limits, strict=True)):
        shown, most = ("×".join(map(str, sizes)) for sizes in (value, limits))
        raise InvalidInputError(
            f"{what} is {shown} pixels; allowed is {'×'.join('1' for _ in limits)} to {most}.", field=what
        )
