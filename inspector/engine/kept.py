"""What was computed once, kept by key up to a bound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Remembers values by key, and begins anew where there would be too many. Thread-safe."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._known: dict[K, V] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of a key, which is made when it is first asked for; two threads may both make it."""
        with self._lock:
            if key in self._known:
                return self._known[key]
        made = make()
        with self._lock:
            if len(self._known) >= self._most:
                self._known.clear()
            return self._known.setdefault(key, made)
