"""From what detectors write of a box to its corners in pixels of the input, by coding."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from inspector.model.heads.head import Boxes, Scale
from inspector.registry import Registry
from inspector.types.arrays import Array

STRIDES = (8, 16, 32)
_MOST_FRACTION = 2.0
"""Fractions of the image's sides are smaller, pixels larger."""


def corners_of(scale: Scale, boxes: Boxes, found: Mapping[str, Array], size: tuple[int, int]) -> Array | None:
    """Return (boxes, 4) left, top, right, bottom; None where the coordinates cannot be read."""
    if scale.coordinates is None:
        return None
    values = scale.coordinates.of(found[scale.coordinates.output]).astype(np.float32).T
    if boxes.coding in ("center", "corners", "corners_yx"):
        return _whole(values, boxes, size)
    decode = GRIDS.get(boxes.coding)
    if decode is None:
        return None
    grid = _grid(scale, len(values), size)
    return None if grid is None else decode(values, *grid, size)


def _whole(values: Array, boxes: Boxes, size: tuple[int, int]) -> Array:
    """Read coordinates that the graph has brought to the image already."""
    units = boxes.units
    if units is None:
        units = "fractions" if np.abs(values).max(initial=0) <= _MOST_FRACTION else "pixels"
    sides = np.asarray([size[1], size[0]] * 2, np.float32)
    first, second = values[:, :2], values[:, 2:4]
    if boxes.coding == "center":
        first, second = first - second / 2, first + second / 2
    if boxes.coding == "corners_yx":
        first, second = first[:, ::-1], second[:, ::-1]
    found = np.concatenate([first, second], axis=1)
    return found * sides if units == "fractions" else found


def _grid(scale: Scale, count: int, size: tuple[int, int]) -> tuple[Array, Array] | None:
    """Return each box's place, (n, 2) column and row, and its stride, (n, 1)."""
    if scale.stride is not None:
        strides: tuple[int, ...] = (scale.stride,)
    else:
        strides = next(
            (chosen for chosen in _STRIDE_SETS if sum(_places(size, one) for one in chosen) == count), ()
        )
    if not strides:
        return None
    places, steps = [], []
    each = count // max(sum(_places(size, one) for one in strides), 1)
    for stride in strides:
        rows, columns = -(-size[0] // stride), -(-size[1] // stride)
        row, column = np.mgrid[:rows, :columns]
        at = np.repeat(np.stack([column.reshape(-1), row.reshape(-1)], axis=1), each, axis=0)
        places.append(at)
        steps.append(np.full((len(at), 1), stride, np.float32))
    found = np.concatenate(places).astype(np.float32)
    return (found, np.concatenate(steps)) if len(found) == count else None


def _places(size: tuple[int, int], stride: int) -> int:
    return -(-size[0] // stride) * -(-size[1] // stride)


_STRIDE_SETS = (STRIDES, (8, 16, 32, 64), (16, 32), (4, 8, 16, 32), (8,), (16,), (32,), (4,), (64,), (8, 16))

GRIDS: Registry[str, Callable[[Array, Array, Array, tuple[int, int]], Array]] = Registry("coding of boxes")
"""(values (n, columns), places (n, 2) as column and row, strides (n, 1), the input's size) -> corners (n, 4)."""

GridDecode = Callable[[Array, Array, Array, tuple[int, int]], Array]


def coding(name: str) -> Callable[[GridDecode], GridDecode]:
    """Register how coordinates relative to a grid become corners."""

    def register(function: GridDecode) -> GridDecode:
        return GRIDS.add(name, function)

    return register


def _around(center: Array, sides: Array) -> Array:
    return np.concatenate([center - sides / 2, center + sides / 2], axis=1)


@coding("grid")
def grid(values: Array, places: Array, strides: Array, _size: tuple[int, int]) -> Array:
    """YOLOX: the center from its place on, the sides as logarithms, all in strides."""
    return _around((values[:, :2] + places) * strides, np.exp(np.clip(values[:, 2:4], None, 20)) * strides)


@coding("yunet")
def yunet(values: Array, places: Array, strides: Array, size: tuple[int, int]) -> Array:
    """YuNet: as YOLOX."""
    return grid(values, places, strides, size)


@coding("fastestdet")
def fastestdet(values: Array, places: Array, strides: Array, size: tuple[int, int]) -> Array:
    """FastestDet: the center by tanh from its place on, the sides by a sigmoid of the image's."""
    sides = np.asarray([size[1], size[0]], np.float32) / np.exp(np.logaddexp(0, -values[:, 2:4]))
    return _around((np.tanh(values[:, :2]) + places) * strides, sides)


@coding("distances")
def distances(values: Array, places: Array, strides: Array, _size: tuple[int, int]) -> Array:
    """SCRFD: the distances to the four sides from the place, in strides."""
    at = places * strides
    return np.concatenate([at - values[:, :2] * strides, at + values[:, 2:4] * strides], axis=1)


@coding("bins")
def bins(values: Array, places: Array, strides: Array, _size: tuple[int, int]) -> Array:
    """NanoDet, generalized focal loss: the distances as expectations over bins, in strides."""
    logits = values.reshape(len(values), 4, -1)
    likely = np.exp(logits - logits.max(axis=2, keepdims=True))
    mean = (likely * np.arange(logits.shape[2])).sum(axis=2) / likely.sum(axis=2)
    at = places * strides
    return np.concatenate([at - mean[:, :2] * strides, at + mean[:, 2:] * strides], axis=1)


@coding("anchor_centers")
def anchor_centers(values: Array, places: Array, strides: Array, _size: tuple[int, int]) -> Array:
    """MediaPipe: the center in pixels from the middle of its place on, the sides in pixels."""
    return _around((places + 0.5) * strides + values[:, :2], values[:, 2:4])
