"""Images that differ from one image within a box each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inspector.types.arrays import Array


@dataclass(frozen=True, kw_only=True)
class Variants:
    """K variants of one image: each is the image but for what lies within its box."""

    image: Array
    """(1, *image), as the model takes it."""
    axes: tuple[int, ...]
    """The axes of space in `image`."""
    boxes: Array
    """(K, axes of space, 2) int64: the first pixel that may differ, and the one after the last."""
    patch: Callable[[int], Array] | Array
    """Gives a variant's values within its box, in a shape that broadcasts to it (without the batch axis); or they are
    the same for all.
    """

    def __len__(self) -> int:
        return len(self.boxes)

    def image_of(self, number: int) -> Array:
        """Return one variant, (1, *image)."""
        return Copies(self.image, self.axes, count=1).lay(self.boxes[[number]], self.some([number]))

    def some(self, numbers: Sequence[int]) -> list[Array]:
        """Return the patches of some variants."""
        patch = self.patch
        return [patch(number) if callable(patch) else patch for number in numbers]


class Copies:
    """Copies of one array, each with a window of its own laid over: between two uses only windows are written."""

    def __init__(self, clean: Array, axes: tuple[int, ...], *, count: int) -> None:
        """Copy a (1, …) array; `axes` are those along which windows are placed."""
        self._clean, self._axes = clean, axes
        self.values = np.repeat(clean, count, axis=0)
        """(count, …)."""
        self._written: list[tuple[slice, ...]] = []

    def lay(self, boxes: Array, parts: Sequence[Array]) -> Array:
        """Return the first copies, each with a part within its box of (k, axes, 2), and clean elsewhere."""
        clean = self._clean[0]
        for copy, place in zip(self.values, self._written, strict=False):
            copy[place] = clean[place]
        self._written = [self._place(box) for box in boxes.tolist()]
        for copy, place, part in zip(self.values, self._written, parts, strict=False):
            copy[place] = part
        return self.values[: len(boxes)]

    def _place(self, box: list[list[int]]) -> tuple[slice, ...]:
        place = [slice(None)] * (self._clean.ndim - 1)
        for axis, ends in zip(self._axes, box, strict=True):
            place[axis - 1] = slice(*ends)
        return tuple(place)
