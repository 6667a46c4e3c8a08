"""One session for each shape of what is fed, on devices that plan their kernels for one shape at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

S = TypeVar("S")

Shapes = tuple[tuple[int, ...], ...]

MOST_SHAPES = 4
"""For which a graph has sessions of their own: each has a copy of the weights on the device."""


class ByShape(Generic[S]):
    """Sessions of one graph by the shapes of their feeds. Thread-safe.

    CUDA's convolutions keep the plan for the shape of their last run only. To plan a network for another shape takes
    0.1 to 1 s, so a session that sees two shapes in turn plans in every run.
    """

    def __init__(self, first: S, make: Callable[[], S], *, most: int = MOST_SHAPES) -> None:
        """Begin with one session that has seen no shape yet; `make` gives others."""
        self._make = make
        self._most = most
        self._lock = threading.Lock()
        self._unused: S | None = first
        self._sessions: OrderedDict[Shapes, S] = OrderedDict()

    def __len__(self) -> int:
        return max(len(self._sessions), 1)

    def __contains__(self, shapes: Shapes) -> bool:
        """Return whether there is a session that has seen these shapes last."""
        return shapes in self._sessions

    def get(self, shapes: Shapes) -> S:
        """Return the session for these shapes: its own, a new one, or that of the shapes that were not seen longest."""
        with self._lock:
            found = self._sessions.pop(shapes, None)
            if found is None:
                found = self._another()
            self._sessions[shapes] = found
            return found

    def _another(self) -> S:
        if self._unused is not None:
            first, self._unused = self._unused, None
            return first
        if len(self._sessions) < self._most:
            return self._make()
        return self._sessions.popitem(last=False)[1]
