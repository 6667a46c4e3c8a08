"""Boxes that say the same: of those that overlap, the surest stays."""

from __future__ import annotations

import numpy as np

from inspector.types.arrays import Array


def surest(
    corners: Array | None, confidences: Array, classes: Array, *, overlap: float, most: int
) -> list[int]:
    """Return the numbers of the boxes that stay, the surest first; those of other classes are left alone.

    Where the corners are not known, nothing overlaps.
    """
    order = np.argsort(-confidences, kind="stable")
    kept: list[int] = []
    for box in order:
        if len(kept) >= most:
            break
        rivals = [other for other in kept if classes[other] == classes[box]]
        if corners is None or not rivals or _overlaps(corners[box], corners[rivals]).max() < overlap:
            kept.append(int(box))
    return kept


def _overlaps(box: Array, others: Array) -> Array:
    """Return the intersection over union of a box with each of (n, 4) others."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    union = _areas(box[None]) + _areas(others) - shared
    return np.asarray(shared / np.maximum(union, 1e-9))


def _areas(boxes: Array) -> Array:
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1))
