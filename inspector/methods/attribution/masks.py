"""Random smooth masks (Petsiuk et al. 2018, §3.2)."""

from __future__ import annotations

import numpy as np

from inspector.methods.planes import along_axes, interpolation
from inspector.types.arrays import Array


def random_masks(
    count: int, *, size: tuple[int, ...], cells: int, keep: float, generator: np.random.Generator
) -> Array:
    """Return (count, *size) float32 masks in [0, 1].

    Each is a grid of `cells` along each axis, or of as many as the axis has pixels, that are 1 with the probability
    `keep`, enlarged bilinearly by one cell more than the image holds, cut out at a random shift of less than a cell.
    """
    counts = [min(cells, side) for side in size]
    steps = [-(-side // number) for side, number in zip(size, counts, strict=True)]
    matrices = [
        interpolation(number, (number + 1) * step) for number, step in zip(counts, steps, strict=True)
    ]
    masks = np.empty((count, *size), np.float32)
    for mask in masks:  # drawn one by one, so that the same masks come in runs of any length
        grid = (generator.random(counts) < keep).astype(np.float32)
        shifts = generator.integers(0, steps)
        mask[:] = along_axes(
            grid,
            [
                matrix[shift : shift + side]
                for matrix, shift, side in zip(matrices, shifts, size, strict=True)
            ],
        )
    return masks
