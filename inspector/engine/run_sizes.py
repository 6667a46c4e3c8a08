"""How many images one run has, on a device that plans its kernels for one shape at a time: one of few sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.types.arrays import Array

_USUAL = (1, 4, 16)
"""Sizes beside the largest."""


def run_sizes(largest: int) -> Sequence[int]:
    """Return the sizes, in their order, where a run takes at most `largest` images."""
    return [*(size for size in _USUAL if size < largest), largest]


def filled_size(count: int, sizes: Sequence[int]) -> int:
    """Return how many images a run of `count` has once it is filled up; as many where there are no sizes for it."""
    return next((size for size in sizes if count <= size), count)


def next_size(count: int, sizes: Sequence[int]) -> int:
    """Return how many of `count` images, which fit into one run, the next run should take.

    All of them, unless most of it would be what fills it up: then a smaller one that is full.
    """
    if filled_size(count, sizes) <= 2 * count:
        return count
    return max(size for size in sizes if size <= count)


def last_repeated(rows: Array, size: int) -> Array:
    """Return at least so many rows: the last one is repeated."""
    missing = size - len(rows)
    return np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing > 0 else rows
