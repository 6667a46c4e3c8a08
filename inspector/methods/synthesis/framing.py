"""Framing: the canvas that fits a model, and how it becomes the model's input."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inspector.engine.image_sizes import ImageSizeError
from inspector.engine.run import Run
from inspector.errors import InvalidInputError, within
from inspector.graph.synthesis.frame import Frame
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.layouts import of_one, space_of, spatial_axes, spatial_sizes

ASSUMED_RANGE = "assumed_range"
NO_COLORS = "no_colors"

_SIDES = (224, 256, 320, 128, 64, 32)
"""What is tried where nothing says a size."""
_LENGTH = 1024
"""The same of a signal."""


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How pictures of one size are put before a model."""

    frame: Frame
    channels: int
    """Of the canvas: 3 for colors, 1 for gray, else those of the input."""
    size: tuple[int, ...]
    """(height, width), or (length,)."""
    layout: str
    """Of one image as the model takes it."""

    def frame_of(self, image: Array) -> Frame:
        """Return the frame of one image (*image) of another size, as some models take them."""
        layout = self.layout
        size = spatial_sizes(image.shape, layout) or image.shape
        return replace(self.frame, shape=image.shape, size=tuple(size))

    def first(self) -> Array:
        """Return one gray image as the model takes it."""
        gray = np.full((1, self.channels, *self.size), 0.5, np.float32)
        return self.frame.typed(self.frame.values(gray))


def framing_of(
    run: Run, *, size: tuple[int, ...] | None, tensor: str, values: tuple[float, float] | None = None
) -> Framing:
    """Return the framing for pictures of a size, by default the model's, on which `tensor` can be computed.

    `values` is the range of an input that is no picture, where it is known. InvalidInputError for a size that the model
    does not take, and for volumes.
    """
    model = run.engine.model
    letters = space_of(model.input.layout)
    if letters == "DHW":
        raise InvalidInputError(
            f"The model's input is a volume or a film ({model.input.layout}); only pictures, signals and flat vectors "
            "can be synthesized.",
            reason="NO_PICTURE",
        )
    for place, tried in enumerate(candidates := _sizes(model, size, letters)):
        framing = _framed(run, tried, values)
        try:
            run.forward(framing.first(), [tensor])
        except ImageSizeError as error:
            if size is not None or place + 1 == len(candidates):
                error.field = "size"
                raise
            continue
        return framing
    raise InvalidInputError("No size was found on which the model runs; give size.", field="size")


def _sizes(model: OnnxModel, size: tuple[int, ...] | None, letters: str) -> list[tuple[int, ...]]:
    """Return the sizes to try; one where it is given or fixed."""
    declared = model.input.space if letters else model.input.image_shape
    if size is not None and len(size) == 1 and len(declared) == 2:
        size = size * 2
    if size is not None and (
        len(size) != len(declared)
        or any(isinstance(own, int) and own != side for own, side in zip(declared, size, strict=True))
    ):
        takes = "×".join("any" if not isinstance(own, int) else str(own) for own in declared)
        raise InvalidInputError(f"size is {'×'.join(map(str, size))}; the model takes {takes}.", field="size")
    if size is not None:
        return [size]
    spec = model.preprocessing
    told = (spec.height, spec.width) if letters == "HW" else (None,) * len(declared)
    sides = _SIDES if letters == "HW" else (_LENGTH,)
    found = [
        tuple(
            own if isinstance(own, int) else known or side for own, known in zip(declared, told, strict=True)
        )
        for side in sides
    ]
    return list(dict.fromkeys(found))


def _framed(run: Run, size: tuple[int, ...], values: tuple[float, float] | None) -> Framing:
    model = run.engine.model
    layout, spec = of_one(model.input.layout), model.preprocessing
    is_picture = space_of(model.input.layout) == "HW"
    channels = model.input.channels or (spec.channels if is_picture else None) or 1
    colored = spec.channels if is_picture and spec.channels == channels else None
    axes = _axes(layout) if spatial_axes(layout) else ()
    counted = channels if "C" in layout and spatial_axes(layout) else 1
    by_letter = dict(zip(space_of(layout), size, strict=True)) if spatial_axes(layout) else {}
    shape = tuple(counted if letter == "C" else by_letter[letter] for letter in layout) if by_letter else size
    gain, offset = _range(run, is_picture=is_picture, channels=counted, values=values)
    if is_picture and colored is None:
        run.note(
            NO_COLORS,
            f"The input has {channels} channels that are no colors: they are shown as gray, each channel's mean.",
        )
    frame = Frame(
        gain=gain,
        offset=offset,
        order=_ORDERS.get(spec.color, tuple(range(counted))) if colored else tuple(range(counted)),
        axes=axes,
        shape=shape,
        size=size,
        dtype=model.input.dtype,
    )
    return Framing(frame=frame, channels=max(frame.order) + 1, size=size, layout=layout)


_ORDERS = {"RGB": (0, 1, 2), "BGR": (2, 1, 0), "RGBA": (0, 1, 2, -1), "GRAY": (0,)}


def _axes(layout: str) -> tuple[int, ...]:
    """Return, by axis of one image, that of (C, *size); () where they are in order."""
    if "C" not in layout:
        return ()
    order = ["C", *(letter for letter in layout if letter != "C")]
    axes = tuple(order.index(letter) for letter in layout)
    return () if axes == tuple(range(len(axes))) else axes


def _range(
    run: Run, *, is_picture: bool, channels: int, values: tuple[float, float] | None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the gain and offset per channel that bring 0..1 to the input's units."""
    model = run.engine.model
    if is_picture:
        spec = model.preprocessing
        with within("preprocessing"):
            mean, std = (_per_channel(given, channels) for given in (spec.mean, spec.std))
        return tuple(255 * spec.scale / std), tuple(-mean / std)
    low, high = values or model.takes or (-1.0, 1.0)
    if values is None and model.takes is None:
        run.note(
            ASSUMED_RANGE,
            "Nothing says which values the input has: the synthesis stays between -1 and 1. Give images like those "
            "that the model takes, and it stays within their range.",
        )
    return (high - low,) * channels, (low,) * channels


def _per_channel(values: tuple[float, ...], channels: int) -> Array:
    if len(values) not in (1, channels):
        raise InvalidInputError(
            f"The preprocessing has {len(values)} values per pixel, and the input {channels} channels. Load the model "
            f"with 1 or {channels} values.",
            field="mean",
        )
    return np.broadcast_to(np.asarray(values, np.float64), channels)
