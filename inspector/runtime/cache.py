"""The cache of sessions, bounded by bytes; the least recently used goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from inspector.runtime.session import Session


class SessionCache:
    """Sessions by key. A key is made once, however many threads ask; an evicted session ends with its last run."""

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sessions: OrderedDict[Hashable, Session] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Session]) -> Session:
        """Return the session under `key`, made by `make` if it is not there."""
        with self._lock:
            found = self._touch(key)
            if found is not None:
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                found = self._touch(key)
            if found is None:
                found = make()
                with self._lock:
                    self._sessions[key] = found
                    self._making.pop(key, None)
                    self._shrink()
        return found

    def drop(self, wanted: Callable[[Hashable], bool]) -> None:
        """Forget the sessions whose key is wanted."""
        with self._lock:
            for key in [k for k in self._sessions if wanted(k)]:
                del self._sessions[key]

    @property
    def size(self) -> int:
        """Bytes of all sessions held (their graphs and weights)."""
        with self._lock:
            return sum(s.size for s in self._sessions.values())

    def __len__(self) -> int:
        return len(self._sessions)

    def _touch(self, key: Hashable) -> Session | None:
        found = self._sessions.get(key)
        if found is not None:
            self._sessions.move_to_end(key)
        return found

    def _shrink(self) -> None:
        # The newest stays, even alone above the bound: it is about to be used.
        while len(self._sessions) > 1 and sum(s.size for s in self._sessions.values()) > self._max_bytes:
            self._sessions.popitem(last=False)
