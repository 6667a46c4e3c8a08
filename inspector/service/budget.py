"""How many bytes may be held at once, for all calls together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inspector.errors import BusyError


class ByteBudget:
    """A number of bytes that calls share: who needs some takes them for as long as it holds them, or is refused.

    Nobody waits for bytes: who waited would hold its own meanwhile. What is larger than the whole budget is let in
    alone, so that a limit on single messages stays the only one that a lone caller meets. For one event loop, not for
    threads.
    """

    def __init__(self, what: str, *, limit: int) -> None:
        """Share `limit` bytes; `what` are plural words for an error: "requests that wait or run"."""
        self._what = what
        self._limit = limit
        self._held = 0
        self._holders = 0

    @property
    def held(self) -> int:
        """How many bytes are held now."""
        return self._held

    def take(self, size: int) -> None:
        """Hold so many bytes; BusyError where that is more than are left."""
        if self._holders and self._held + size > self._limit:
            raise BusyError(
                f"The {self._what} have {self._held:,} bytes, and these are {size:,} more; all together may have "
                f"{self._limit:,}. Try again soon, or with fewer bytes.",
                retry_seconds=1.0,
            )
        self._held += size
        self._holders += 1

    def give_back(self, size: int) -> None:
        """Hold so many bytes no longer: as many as were taken."""
        self._held -= size
        self._holders -= 1

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Hold so many bytes for the length of a block."""
        self.take(size)
        try:
            yield
        finally:
            self.give_back(size)
