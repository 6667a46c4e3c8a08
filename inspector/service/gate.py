"""How many calls of one kind run at once, and how many may wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from inspector.errors import BusyError, ConflictError


class Gate:
    """Behind it a bounded number of calls run, before it a bounded number wait.

    Once closed it lets nobody in; `close` returns when all are out. For one event loop, not for threads.
    """

    def __init__(self, name: str, *, running: int, waiting: int) -> None:
        self._name = name
        self._free = asyncio.Semaphore(running)
        self._max_waiting = waiting
        self._inside = 0
        self._waiting = 0
        self._closed = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def inside(self) -> int:
        """How many calls run now."""
        return self._inside

    @property
    def waiting(self) -> int:
        """How many calls wait now."""
        return self._waiting

    async def enter(self) -> None:
        """Wait for a turn; BusyError if too many wait, ConflictError if the gate is closed, then or meanwhile."""
        self._refuse_if_closed()
        if self._free.locked() and self._waiting >= self._max_waiting:
            raise BusyError(
                f"{self._inside} calls of {self._name} run and {self._waiting} wait; no more may. Try again soon.",
                retry_seconds=1.0,
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        if self._closed:
            self._free.release()
            self._refuse_if_closed()
        self._inside += 1
        self._empty.clear()

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Be inside for the length of a block."""
        await self.enter()
        try:
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """Let the next one in."""
        self._inside -= 1
        self._free.release()
        if self._inside == 0:
            self._empty.set()

    async def close(self) -> None:
        """Let nobody in any more, and wait until all are out."""
        self._closed = True
        await self._empty.wait()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ConflictError(
                f"{self._name} is being unloaded. Load it again first.",
                reason="MODEL_NOT_LOADED",
                field="model",
            )
