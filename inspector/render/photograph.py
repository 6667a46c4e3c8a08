"""The photograph that a preprocessed image shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inspector.render.flat import flat
from inspector.render.maps import channels_last
from inspector.render.normalize import to_bytes, to_unit
from inspector.types.arrays import Array
from inspector.types.layouts import channel_axis, of_one, space_of
from inspector.types.preprocessing import Preprocessing

_COLORED = (1, 3)
"""How many channels a picture in its own colors may have."""


def photograph(
    values: npt.ArrayLike,
    *,
    layout: str,
    color: str,
    scale: float,
    mean: Sequence[float],
    std: Sequence[float],
) -> npt.NDArray[np.uint8]:
    """Return (H, W, 3) RGB of one preprocessed image: (value · std + mean) / scale, as 0..255."""
    pixels = (channels_last(values, layout=layout) * np.asarray(std) + np.asarray(mean)) / scale
    if color == "BGR":
        pixels = pixels[:, :, ::-1]
    picture = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture


def photograph_of(values: Array, *, layout: str, spec: Preprocessing) -> Array:
    """Return the picture, uint8 (H, W, 3), that one prepared image shows.

    Values that are not finite show as the mean's color, and channels that are no colors as their mean in gray.
    """
    known = np.where(np.isfinite(values), values, 0)
    axis = channel_axis(of_one(layout))
    channels = 1 if axis is None else known.shape[axis]
    if spec.color == "RGBA" and channels == 4:
        last = flat(known, layout=layout)
        mean, std = (list(one[:3]) if len(one) == 4 else one for one in (spec.mean, spec.std))
        return photograph(last[:, :, :3], layout="NHWC", color="RGB", scale=spec.scale, mean=mean, std=std)
    if spec.color != "NONE" and channels in _COLORED and _fit(spec, channels):
        return photograph(
            known, layout=layout, color=spec.color, scale=spec.scale, mean=spec.mean, std=spec.std
        )
    gray = to_bytes(to_unit(gray_of(known, layout)))
    return np.repeat(gray[:, :, None], 3, axis=2)


def _fit(spec: Preprocessing, channels: int) -> bool:
    return all(len(values) in (1, channels) for values in (spec.mean, spec.std))


def is_drawable(values: Array, layout: str) -> bool:
    """Return whether images or maps (N, …) have axes of space; flat vectors have none."""
    return bool(space_of(layout)) and values.ndim == len(layout)


def gray_of(values: Array, layout: str) -> Array:
    """Return the mean over channels of one image, (H, W)."""
    known: Array = np.where(np.isfinite(values), values, 0)
    gray: Array = flat(known, layout=layout).mean(axis=2, dtype=np.float64)
    return gray
