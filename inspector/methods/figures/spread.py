"""How far features of different images lie apart, of any number of images, in the memory of one."""

from __future__ import annotations

import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.arrays import Array


class Spread:
    """The root of the mean squared distance between features of different images.

    Σ_{i≠j} ‖f_i − f_j‖² = 2·(n·Σ‖f_i‖² − ‖Σf_i‖²), so that sums are all that is kept. They are of f − f_0, so that
    what all images have in common does not hide how they differ.
    """

    def __init__(self, layer: str) -> None:
        """Begin with no image of a layer."""
        self._layer = layer
        self._first: Array | None = None
        self._sum: Array = np.zeros(())
        self._squares = 0.0
        self._count = 0

    def add(self, features: Array) -> None:
        """Take one image's features, of any shape; InvalidInputError where another image had another shape."""
        if self._first is None:
            self._first = features
            self._sum = np.zeros(features.shape)  # float64
        if features.shape != self._first.shape:
            raise InvalidInputError(
                f"Layer {self._layer!r} has another shape for another image ({self._first.shape}, {features.shape}); "
                "give images of one size.",
                reason="SHAPES_DIFFER",
                field="images",
            )
        apart = features - self._first
        self._sum += apart
        self._squares += float(np.square(apart).sum(dtype=np.float64))
        self._count += 1

    def typical(self) -> float:
        """Return the distance; of one image the norm of its features; NaN where that is 0."""
        if self._first is None:
            return float("nan")
        if self._count == 1:
            norm = float(np.linalg.norm(self._first))
        else:
            count = self._count
            pairs = 2 * (count * self._squares - float((self._sum**2).sum()))
            norm = float(np.sqrt(max(pairs, 0.0) / (count * (count - 1))))
        return norm or float("nan")
