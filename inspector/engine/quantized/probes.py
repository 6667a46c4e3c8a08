"""Pictures made in code, on which a quantized model's answers are compared: gray, noise, and what has structure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from inspector.errors import InspectorError
from inspector.model.preprocessing.prepare import prepare
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array

SIDE = 256
"""Pixels; the model's preprocessing makes of them what it makes of photographs."""
_ARRAYS = 6
"""Of noise, for a model that takes no pictures."""

_MOST_VALUES = 1 << 22
"""Of one image: eight times as many are held at once."""

Picture = npt.NDArray[np.uint8]


def probes(model: OnnxModel) -> Iterator[Array]:
    """Yield batches of one image, (1, *image), as the model takes them; none where it takes no known or a vast size.

    They are the same in every process: a decision that rests on them is, too.
    """
    if math.prod(size for size in model.input.image_shape if isinstance(size, int)) > _MOST_VALUES:
        return
    drawn = [draw() for draw in _PICTURES]
    try:
        yield from (prepare(model, [picture]).values for picture in drawn)
    except InspectorError:  # a model of signals or volumes, or one whose images have other sizes
        yield from _arrays(model)


def _arrays(model: OnnxModel) -> Iterator[Array]:
    shape, dtype = [size for size in model.input.image_shape if isinstance(size, int)], model.input.dtype
    if len(shape) != len(model.input.image_shape):
        return
    random, is_whole = np.random.default_rng(0), np.dtype(dtype).kind in "iu"
    for index in range(_ARRAYS):
        noise = random.standard_normal((1, *shape)) * (index > 0)
        yield (np.clip(noise * 40 + 64, 0, 127) if is_whole else noise).astype(dtype)


def _places() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1.0)
    return rows, columns


def _picture(*channels: npt.ArrayLike) -> Picture:
    planes = [np.broadcast_to(np.asarray(channel, np.float64), (SIDE, SIDE)) for channel in channels]
    whole: Picture = np.rint(np.clip(np.stack(planes, axis=-1), 0, 1) * 255).astype(np.uint8)
    return whole


def gray() -> Picture:
    """Return a picture of one gray."""
    return _picture(0.5, 0.5, 0.5)


def noise() -> Picture:
    """Return pixels that are independent of each other."""
    return np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def clouds() -> Picture:
    """Return noise whose amplitude falls with the frequency, as that of photographs does."""
    rows, columns = np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)[None]
    falling = 1 / np.maximum(np.hypot(rows, columns), 1 / SIDE)
    random = np.random.default_rng(2)
    planes = [
        np.fft.ifft2(np.fft.fft2(random.standard_normal((SIDE, SIDE))) * falling).real for _ in range(3)
    ]
    shared = planes[0]
    return _picture(*(0.5 + 0.2 * (shared + 0.3 * plane) / shared.std() for plane in planes))


def ramp() -> Picture:
    """Return colors that change smoothly from corner to corner."""
    rows, columns = _places()
    return _picture(rows, columns, 1 - rows * columns)


def board() -> Picture:
    """Return a board of two colors, whose edges lie along the axes."""
    rows, columns = _places()
    field = (np.floor(rows * 8) + np.floor(columns * 8)) % 2
    return _picture(0.2 + 0.7 * field, 0.8 - 0.6 * field, 0.3 + 0.2 * field)


def disc() -> Picture:
    """Return a bright thing in front of a dark ground that is no plain color."""
    rows, columns = _places()
    inside = np.hypot(rows - 0.45, columns - 0.55) < 0.27
    return _picture(
        np.where(inside, 0.95, 0.25 * rows),
        np.where(inside, 0.6, 0.3),
        np.where(inside, 0.1 + columns / 4, 0.35),
    )


def stripes() -> Picture:
    """Return waves that become finer and turn from left to right."""
    rows, columns = _places()
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * (4 + 24 * columns) * (rows * (1 - columns) + columns))
    return _picture(wave, wave**2, 1 - wave)


def scene() -> Picture:
    """Return a ground, a sky and overlapping bodies with texture."""
    rows, columns = _places()
    grain = np.random.default_rng(3).normal(0, 0.06, (SIDE, SIDE))
    sky = rows < 0.55
    red, green, blue = np.where(sky, 0.45, 0.35), np.where(sky, 0.65, 0.5 - rows / 4), np.where(sky, 0.9, 0.2)
    for top, left, height, width, color in (
        (0.62, 0.35, 0.2, 0.3, (0.6, 0.4, 0.2)),
        (0.48, 0.55, 0.12, 0.1, (0.7, 0.5, 0.3)),
    ):
        body = ((rows - top) / height) ** 2 + ((columns - left) / width) ** 2 < 1
        red, green, blue = (
            np.where(body, tone, plane) for tone, plane in zip(color, (red, green, blue), strict=True)
        )
    return _picture(red + grain, green + grain, blue + grain)


_PICTURES: tuple[Callable[[], Picture], ...] = (scene, clouds, disc, noise, stripes, board, ramp, gray)
"""First those on which a model that answers otherwise mostly shows it."""
