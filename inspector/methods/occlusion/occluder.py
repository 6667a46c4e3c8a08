"""The occluder: a box of one color, where it stands, and how it covers an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.sweeping.variants import Variants
from inspector.errors import InvalidInputError
from inspector.methods.color import color_values, over_image
from inspector.methods.planes import image_size
from inspector.types.arrays import Array
from inspector.types.layouts import of_one, spatial_axes
from inspector.types.requests.occlude import OccludeRequest


@dataclass(frozen=True, kw_only=True)
class Occluder:
    """A box that slides along the axes of space: an interval of a signal, a square of an image, a block of a volume."""

    size: tuple[int, ...]
    stride: tuple[int, ...]
    fill: tuple[float, ...]
    """Per channel, in the model's input units."""
    starts: tuple[Array, ...]
    """Per axis of space, the first pixel at each position."""
    axes: tuple[int, ...]
    """The axes of space in one image (without the batch axis)."""
    color: Array
    """The fill, in a shape that broadcasts over one image."""

    def variants(self, x: Array, positions: Sequence[tuple[int, ...]]) -> Variants:
        """Return the (1, …) image with the box at each position, a number into `starts` per axis."""
        places = np.asarray(positions, np.int64).reshape(len(positions), len(self.starts))
        first = np.stack([starts[places[:, axis]] for axis, starts in enumerate(self.starts)], axis=1)
        return Variants(
            image=x,
            axes=tuple(axis + 1 for axis in self.axes),
            boxes=np.stack([first, first + np.asarray(self.size)], axis=2),
            patch=self.color.astype(x.dtype),
        )


def make_occluder(engine: Engine, image: Array, request: OccludeRequest) -> Occluder:
    """Return the occluder for a (1, …) image, with defaults: a fifth of the image, a third of the size, gray.

    Raises InvalidInputError for sizes, strides and fills that do not fit.
    """
    model, extent = engine.model, image_size(engine, image)
    size = _sizes("size", request.size, extent) or tuple(max(1, round(side / 5)) for side in extent)
    stride = _sizes("stride", request.stride, extent) or tuple(max(1, side // 3) for side in size)
    _check("size", size, extent)
    _check("stride", stride, extent)
    fill = color_values(model, image, "gray" if request.fill is None else request.fill, field="fill")
    return Occluder(
        size=size,
        stride=stride,
        fill=fill,
        starts=tuple(map(_starts, extent, size, stride)),
        axes=spatial_axes(of_one(model.input.layout)),
        color=over_image(model, np.asarray(fill)),
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
