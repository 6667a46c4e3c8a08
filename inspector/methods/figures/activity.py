"""What channels do over a set of images: their highest activation, their mean, and how often they act."""

from __future__ import annotations

import numpy as np

from inspector.types.arrays import Array


class Activity:
    """The activity of a layer's channels, image by image, in the memory of one number per channel and measure."""

    def __init__(self) -> None:
        """Begin with no image."""
        self._highest: Array | None = None
        self._sums: Array = np.zeros(0)
        self._positive: Array = np.zeros(0)
        self._places = 0

    def add(self, values: Array, *, axis: int) -> None:
        """Take activations (N, …) of some images, of which `axis` holds the channels."""
        maps = np.moveaxis(values, axis, 0).astype(np.float32).reshape(values.shape[axis], -1)
        highest = maps.max(axis=1)
        if self._highest is None:
            self._highest = np.full(len(maps), -np.inf)
            self._sums, self._positive = np.zeros(len(maps)), np.zeros(len(maps))
        self._highest = np.maximum(self._highest, highest)  # NaN stays
        self._sums += maps.sum(axis=1, dtype=np.float64)
        self._positive += np.count_nonzero(maps > 0, axis=1)
        self._places += maps.shape[1]

    @property
    def highest(self) -> Array:
        """float64 (channels,): the highest activation."""
        return np.zeros(0) if self._highest is None else self._highest

    @property
    def mean(self) -> Array:
        """float64 (channels,): the mean over places and images."""
        return self._sums / max(self._places, 1)

    @property
    def share(self) -> Array:
        """float64 (channels,): at which share of places the channel is above 0."""
        return self._positive / max(self._places, 1)
