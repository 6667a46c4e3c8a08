"""The cache of sessions, bounded by bytes; the least recently used goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast


class Sized(Protocol):
    """A session, or a session with what belongs to it."""

    @property
    def size(self) -> int:
        """The bytes that it holds."""


S = TypeVar("S", bound=Sized)


@dataclass
class _Making:
    """A value that is being made: one thread makes it, the others wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: int = 0


class SessionCache:
    """Sessions by key. A key is made once, however many threads ask; an evicted session ends with its last run.

    What belongs to a session is stored with it as one value, and so is forgotten with it.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sessions: OrderedDict[Hashable, Sized] = OrderedDict()
        self._making: dict[Hashable, _Making] = {}

    def get(self, key: Hashable, make: Callable[[], S]) -> S:
        """Return the value under `key`, made by `make` if it is not there; one key always holds one type."""
        with self._lock:
            found = self._touch(key)
        if found is None:
            with self._alone(key):
                with self._lock:
                    found = self._touch(key)
                if found is None:
                    found = make()
                    with self._lock:
                        self._sessions[key] = found
                        self._shrink()
        return cast("S", found)

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

    @contextmanager
    def _alone(self, key: Hashable) -> Iterator[None]:
        """Let one thread at a time make the value of a key; the last to leave forgets the lock, also after an error."""
        with self._lock:
            making = self._making.setdefault(key, _Making())
            making.threads += 1
        try:
            with making.lock:
                yield
        finally:
            with self._lock:
                making.threads -= 1
                if not making.threads:
                    del self._making[key]

    def _touch(self, key: Hashable) -> Sized | None:
        found = self._sessions.get(key)
        if found is not None:
            self._sessions.move_to_end(key)
        return found

    def _shrink(self) -> None:
        # The newest stays, even alone above the bound: it is about to be used.
        while len(self._sessions) > 1 and sum(s.size for s in self._sessions.values()) > self._max_bytes:
            self._sessions.popitem(last=False)
