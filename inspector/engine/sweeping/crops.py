"""Crops of a map: clean values, with what was computed anew laid over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.graph.incremental.intervals import Intervals
from inspector.types.arrays import Array


@dataclass(frozen=True)
class Part:
    """A window of a map for each of some changes, computed anew."""

    values: Array
    """(k, …): the map's axes, those of space as long as the windows."""
    windows: Intervals
    """Of these k changes."""


class Crops:
    """Cuts crops of one size out of one clean map. Not thread-safe: it writes into memory of its own."""

    def __init__(
        self, clean: Array, axes: tuple[int, ...], wanted: Intervals, *, fill: float | None, count: int
    ) -> None:
        """Prepare for `wanted` crops of a clean (1, …) map, `count` of them at a time.

        `axes` are the map's axes of space. Crops may reach beyond the map, where `fill` stands.
        """
        sizes = [clean.shape[axis] for axis in axes]
        before = [max(0, -int(one)) for one in wanted.starts.min(axis=0)]
        ends = wanted.starts.max(axis=0) + wanted.lengths
        after = [max(0, int(end) - size) for end, size in zip(ends, sizes, strict=True)]
        self._axes, self._lengths, self._before = axes, wanted.lengths, before
        self._clean = clean[0]
        if any(before) or any(after):
            border = [(0, 0)] * (clean.ndim - 1)
            for axis, low, high in zip(axes, before, after, strict=True):
                border[axis - 1] = (low, high)
            self._clean = np.pad(self._clean, border, constant_values=0 if fill is None else fill)
        shape = list(clean.shape)
        shape[0] = count
        for axis, length in zip(axes, wanted.lengths, strict=True):
            shape[axis] = length
        self._memory = np.empty(shape, clean.dtype)

    def cut(self, starts: Array, part: Part) -> Array:
        """Return the (k, …) crops that begin at (k, axes) `starts`, as they are after the change."""
        made, windows = self._memory[: len(starts)], part.windows
        if windows.lengths == self._lengths and np.array_equal(windows.starts, starts):
            return part.values
        lengths, widths = self._lengths, windows.lengths
        places = zip(made, starts.tolist(), part.values, windows.starts.tolist(), strict=True)
        whole = (slice(None),) * (made.ndim - 1)
        for crop, first, values, at in places:
            source, into, out = list(whole), list(whole), list(whole)
            for number, axis in enumerate(self._axes):
                start, length, place = first[number], lengths[number], at[number]
                shifted = start + self._before[number]
                source[axis - 1] = slice(shifted, shifted + length)
                low, high = max(place, start), min(place + widths[number], start + length)
                high = max(low, high)
                into[axis - 1] = slice(low - start, high - start)
                out[axis - 1] = slice(low - place, high - place)
            crop[...] = self._clean[tuple(source)]
            crop[tuple(into)] = values[tuple(out)]
        return made
