"""The cache of sessions, bounded by memory, number and threads; the least recently used goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast

from inspector.runtime.device_memory import most_bytes, register
from inspector.runtime.memory import release_arena, resident_bytes


class Sized(Protocol):
    """A session, or a session with what belongs to it."""

    @property
    def size(self) -> int:
        """The bytes that it holds."""

    @property
    def device_bytes(self) -> int:
        """The bytes that it holds of a device's memory which is not the host's."""

    @property
    def threads(self) -> int:
        """The threads that it holds."""


MOST_SESSIONS = 128
"""A model that is asked for many things has a session for each: for a saliency two, for every other layer one more."""
MOST_THREADS = 512
"""Of all sessions; each has one for every core but the first, and they sleep."""

_NOISE = 16 << 20
"""A process grows by less than this for many reasons."""

S = TypeVar("S", bound=Sized)

_passing: ContextVar[list[tuple[SessionCache, Hashable]] | None] = ContextVar("passing", default=None)
"""What is to be forgotten after the innermost block of `briefly`."""


@contextmanager
def briefly() -> Iterator[None]:
    """Forget after the block the sessions that this thread makes in it, but for those that are made to be `lasting`.

    For work after which most of them are asked for no more, such as rules that look at a model in turn.
    """
    made: list[tuple[SessionCache, Hashable]] = []
    token = _passing.set(made)
    try:
        yield
    finally:
        _passing.reset(token)
        for cache, key in made:
            cache.forget(key)
        if made:
            release_arena()


def is_brief() -> bool:
    """Return whether sessions that this thread makes are soon forgotten: copies for faster runs do not pay."""
    return _passing.get() is not None


@dataclass
class _Making:
    """A value that is being made: one thread makes it, the others wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: int = 0


@dataclass(frozen=True)
class _Held:
    """A session, and what the process grew by as it was made. It may take more later, so it is asked each time."""

    session: Sized
    grown: int

    @property
    def size(self) -> int:
        return max(self.session.size, self.grown)

    @property
    def device_bytes(self) -> int:
        return self.session.device_bytes

    @property
    def threads(self) -> int:
        return self.session.threads


class SessionCache:
    """Sessions by key. A key is made once, however many threads ask; an evicted session ends with its last run.

    What belongs to a session is stored with it as one value, and so is forgotten with it.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        max_sessions: int = MOST_SESSIONS,
        max_threads: int = MOST_THREADS,
        max_device_bytes: int | None = None,
    ) -> None:
        """Hold sessions up to each of the bounds (docs/decisions/0057-sessions.md); the newest is always held.

        What one takes is the larger of its graph and weights, and of what the process grew by as it was made, as far as
        that can be told. A session that grows as it runs counts as what it is when the next one is made. Of a device's
        own memory they hold half of all, unless told otherwise. All are forgotten where it is used up.
        """
        register(self)
        self._max_device_bytes = max_device_bytes
        self._max_bytes = max_bytes
        self._max_sessions = max_sessions
        self._max_threads = max_threads
        self._lock = threading.Lock()
        self._sessions: OrderedDict[Hashable, _Held] = OrderedDict()
        self._making: dict[Hashable, _Making] = {}
        self._makers = 0
        self._begun = 0

    def get(self, key: Hashable, make: Callable[[], S], *, lasting: bool = False) -> S:
        """Return the value under `key`, made by `make` if it is not there; one key always holds one type.

        What is not `lasting` is forgotten after the block of `briefly` in which it is made.
        """
        with self._lock:
            found = self._touch(key)
        if found is None:
            with self._alone(key):
                with self._lock:
                    found = self._touch(key)
                if found is None:
                    found, grown = self._made(make)
                    with self._lock:
                        self._keep(key, _Held(found, grown))
                    passing = None if lasting else _passing.get()
                    if passing is not None:
                        passing.append((self, key))
        return cast("S", found)

    def forget(self, key: Hashable) -> None:
        """Forget the session under a key, if it is there."""
        with self._lock:
            self._sessions.pop(key, None)

    def clear(self) -> None:
        """Forget all sessions."""
        with self._lock:
            self._sessions.clear()

    def drop(self, wanted: Callable[[Hashable], bool]) -> None:
        """Forget the sessions whose key is wanted."""
        with self._lock:
            for key in [k for k in self._sessions if wanted(k)]:
                del self._sessions[key]

    @property
    def size(self) -> int:
        """Bytes of all sessions held."""
        with self._lock:
            return self._total_size()

    @property
    def threads(self) -> int:
        """Threads of all sessions held."""
        with self._lock:
            return self._total_threads()

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

    def _made(self, make: Callable[[], Sized]) -> tuple[Sized, int]:
        """Return a new session, and how much the process grew meanwhile: 0 where others were made at the same time."""
        with self._lock:
            self._makers += 1
            self._begun += 1
            begun, is_first = self._begun, self._makers == 1
        before = resident_bytes()
        try:
            made = make()
        finally:
            with self._lock:
                self._makers -= 1
                is_alone = is_first and begun == self._begun
        grown = resident_bytes() - before
        return made, grown if is_alone and grown > _NOISE else 0

    def _touch(self, key: Hashable) -> Sized | None:
        found = self._sessions.get(key)
        if found is None:
            return None
        self._sessions.move_to_end(key)
        return found.session

    def _keep(self, key: Hashable, held: _Held) -> None:
        self._sessions[key] = held
        # The newest stays, even alone above the bounds: it is about to be used.
        while len(self._sessions) > 1 and (
            self._total_size() > self._max_bytes
            or self._takes_too_much()
            or len(self._sessions) > self._max_sessions
            or self._total_threads() > self._max_threads
        ):
            self._sessions.popitem(last=False)

    def _total_size(self) -> int:
        return sum(held.size for held in self._sessions.values())

    def _takes_too_much(self) -> bool:
        """Return whether the sessions hold more of a device's own memory than they may."""
        taken = sum(held.device_bytes for held in self._sessions.values())
        if not taken:
            return False
        most = most_bytes() if self._max_device_bytes is None else self._max_device_bytes
        return most is not None and taken > most

    def _total_threads(self) -> int:
        return sum(held.threads for held in self._sessions.values())
