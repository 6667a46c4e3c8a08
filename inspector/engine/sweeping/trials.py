"""The size of a batch that is the fastest, found by trying."""

from __future__ import annotations

import threading

_FIRST = 4
_ENOUGH = 0.98
"""A larger batch is tried as long as the last one took at most so much of the time of the one before, per image."""
_TWICE = 2
"""How often each size is tried, and the first once more: the first run of a size makes room for it."""


class Trials:
    """Tries larger batches as long as they gain, or else smaller ones. Thread-safe."""

    def __init__(self, most: int, *, known: int | None) -> None:
        """Try at most `most` at a time; nothing where the best size is `known`."""
        self._most = most
        self._lock = threading.Lock()
        self._times: dict[int, list[float]] = {}
        self._is_done = known is not None or most <= 1
        self.size = self._first = min(known or _FIRST, most)
        """What to take next."""

    def tell(self, size: int, seconds: float) -> bool:
        """Take note of how long a full batch of a size took; return whether that settled the size."""
        with self._lock:
            if self._is_done or size != self.size:
                return False
            self._times.setdefault(size, []).append(seconds / size)
            if len(self._times[size]) < _TWICE + (size == self._first):
                return False
            tried = {one: min(times) for one, times in self._times.items()}
            best = min(tried, key=lambda one: tried[one])
            if size == max(tried) and size < self._most and self._gained(tried):
                self.size = min(size * 2, self._most)
            elif best == min(tried) and best > 1:
                self.size = best // 2
            else:
                self.size, self._is_done = best, True
            return self._is_done

    def _gained(self, tried: dict[int, float]) -> bool:
        """Return whether the size that was taken last gains over the one before it."""
        before = [size for size in tried if size < self.size]
        return not before or tried[self.size] <= _ENOUGH * tried[max(before)]
