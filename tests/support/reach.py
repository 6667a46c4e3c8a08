"""Which pixels change a unit, found by changing pixels: the judge of receptive fields.

All weights are positive, there are no biases, and the image is black but for one row (or column). Nothing
can cancel, so a unit differs from zero exactly where it sees that row.
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
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for pixel in range(shape[image_axis]):
        image = np.zeros(shape, np.float32)
        index = [slice(None)] * len(shape)
        index[image_axis] = pixel
        image[tuple(index)] = 1.0
        for name, tensor in session.run(image).items():
            found[name].append(tensor != 0)
    return {name: np.stack(arrays) for name, arrays in found.items()}


def hull(seen: np.ndarray) -> tuple[int, int]:
    """Return the first pixel and one past the last that is seen, (0, 0) where none is."""
    pixels = np.flatnonzero(seen)
    return (int(pixels[0]), int(pixels[-1]) + 1) if len(pixels) else (0, 0)
