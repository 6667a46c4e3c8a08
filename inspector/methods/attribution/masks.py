"""Random smooth masks (Petsiuk et al. 2018, §3.2)."""

from __future__ import annotations

import numpy as np

from inspector.methods.planes import interpolation
from inspector.types.arrays import Array


def random_masks(
    count: int, *, size: tuple[int, int], cells: int, keep: float, generator: np.random.Generator
) -> Array:
    """Return (count, H, W) float32 masks in [0, 1].

    Each is a grid of `cells` × `cells` that are 1 with the probability `keep`, enlarged bilinearly by one cell more
    than the image holds, and cut out at a random shift of less than a cell.
    """
    cell = [-(-side // cells) for side in size]
    rows, columns = (interpolation(cells, (cells + 1) * step) for step in cell)
    height, width = size
    masks = np.empty((count, height, width), np.float32)
    for mask in masks:  # drawn one by one, so that the same masks come in runs of any length
        grid = (generator.random((cells, cells)) < keep).astype(np.float32)
        down, right = generator.integers(0, cell)
        mask[:] = rows[down : down + height] @ grid @ columns[right : right + width].T
    return masks
