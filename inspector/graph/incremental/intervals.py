"""Which places of every map a change of the image reaches, from what each of them sees (receptive fields)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.model.receptive.field import Field
from inspector.types.arrays import Array


@dataclass(frozen=True)
class Intervals:
    """Windows of one size on a map, one for each change: all that the change can reach lies within."""

    starts: Array
    """(K, axes of space) int64, in the image's order of axes."""
    lengths: tuple[int, ...]

    @property
    def area(self) -> int:
        """How many places one window has."""
        return int(np.prod(self.lengths))


class Changes:
    """Where changes of the image lie: (K, axes of space, 2) boxes, from the first pixel to the one after the last."""

    def __init__(self, boxes: Array) -> None:
        """Take boxes; many of them have the same ends along an axis, which are looked at once."""
        self._ends = [
            np.unique(boxes[:, axis], axis=0, return_inverse=True) for axis in range(boxes.shape[1])
        ]

    def reach(self, field: Field) -> Intervals:
        """Return the windows that changes reach on the map of a field.

        Windows lie within the map, also of what reaches nothing.
        """
        starts, lengths = [], []
        for role, (ends, index) in zip(field.space, self._ends, strict=True):
            windows = field.track(role).windows
            if windows is None:
                raise ValueError("A map of a size that is not known has no windows.")
            low, high = _along(windows, ends)
            length = max(int((high - low).max(initial=1)), 1)
            starts.append(np.clip(low, 0, len(windows) - length)[index.reshape(-1)])
            lengths.append(length)
        return Intervals(np.stack(starts, axis=1), tuple(lengths))


def _along(windows: Array, ends: Array) -> tuple[Array, Array]:
    """Return the first place and the one after the last whose window meets each of (E, 2) intervals."""
    meets = (windows[None, :, 0] < ends[:, 1:]) & (windows[None, :, 1] >= ends[:, :1])
    low = meets.argmax(axis=1)
    high = np.where(meets.any(axis=1), len(windows) - meets[:, ::-1].argmax(axis=1), low)
    return low.astype(np.int64), high.astype(np.int64)
