"""Elements put back where strided slices took them: which way to write it (docs/benchmarks/backward.md)."""

from __future__ import annotations

_IMAGES = 4
"""Axes of a batch of maps: images, channels, rows, columns."""


def spreads_by_convolution(rank: int, axis: int) -> bool:
    """Return whether a ConvTranspose by a 1 for each channel spreads an axis, in place of zeros padded behind each
    element: ten times as fast along the rows and columns of maps, and made for no other axes.
    """
    return rank == _IMAGES and axis >= 2
