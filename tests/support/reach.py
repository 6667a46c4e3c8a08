"""Which pixels change a unit, found by changing pixels: the judge of receptive fields.

All weights are positive, and the image is black but for one row (or column). Nothing can cancel, so a unit differs
from what it is for a black image exactly where it sees that row.
"""

from __future__ import annotations

import numpy as np
import onnx

from tests.support.graphs import Exposed


def reach(
    proto: onnx.ModelProto, names: list[str], shape: tuple[int, ...], *, image_axis: int
) -> dict[str, np.ndarray]:
    """Return per tensor a boolean array (pixels along the image axis, *tensor shape)."""
    session = Exposed(proto, names)
    black = session.run(np.zeros(shape, np.float32))
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for pixel in range(shape[image_axis]):
        image = np.zeros(shape, np.float32)
        np.moveaxis(image, image_axis, 0)[pixel] = 1.0
        for name, tensor in session.run(image).items():
            found[name].append(tensor != black[name])
    return {name: np.stack(arrays) for name, arrays in found.items()}


def changed(
    proto: onnx.ModelProto,
    names: list[str],
    shape: tuple[int, ...],
    *,
    image_axis: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return as `reach` does where another row (or column) changes a unit of a random image: what it surely sees."""
    session = Exposed(proto, names)
    image = rng.standard_normal(shape).astype(np.float32)
    before = session.run(image)
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for pixel in range(shape[image_axis]):
        other = image.copy()
        row = np.moveaxis(other, image_axis, 0)[pixel]
        row[...] = rng.standard_normal(row.shape) * 3
        for name, tensor in session.run(other).items():
            found[name].append(~np.isclose(tensor, before[name], rtol=1e-5, atol=1e-6, equal_nan=True))
    return {name: np.stack(arrays) for name, arrays in found.items()}


def hull(seen: np.ndarray) -> tuple[int, int]:
    """Return the first pixel and one past the last that is seen, (0, 0) where none is."""
    pixels = np.flatnonzero(seen)
    return (int(pixels[0]), int(pixels[-1]) + 1) if len(pixels) else (0, 0)
