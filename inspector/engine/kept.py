"""What was computed once, kept by key up to a bound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Remembers values by key, and forgets the oldest where there would be too many. Thread-safe."""

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
        return self.keep(key, make())

    def keep(self, key: K, value: V) -> V:
        """Keep a value, and return it; where the key has one, that one stays, and is returned."""
        with self._lock:
            if key not in self._known and len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            return self._known.setdefault(key, value)

    def peek(self, key: K) -> V | None:
        """Return the value of a key, None where it was never made."""
        with self._lock:
            return self._known.get(key)
