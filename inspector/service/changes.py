"""Changes of models: one at a time per model, a bounded number that wait, each with the caller that wants it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from inspector.errors import BusyError, ServerUnavailableError

log = logging.getLogger(__name__)

T = TypeVar("T")


class Changes:
    """Changes under way, and those that wait. For one event loop.

    A change that has not begun ends with its caller. One that has begun goes on to its end, also where the caller
    leaves: a model is never left half loaded.
    """

    def __init__(self, *, waiting: int) -> None:
        """Let at most `waiting` changes wait, of all models together."""
        self._most = waiting
        self._waiting = 0
        self._closed = False
        self._under_way: set[asyncio.Task[Any]] = set()

    @property
    def waiting(self) -> int:
        """How many changes wait now."""
        return self._waiting

    async def make(self, busy: asyncio.Lock, change: Callable[[], Awaitable[T]]) -> T:
        """Make a change while `busy` is held, which it waits for; BusyError where too many wait already."""
        if busy.locked() and self._waiting >= self._most:
            raise BusyError(
                f"{self._waiting} changes of models wait for others; no more may. Try again soon.",
                retry_seconds=1.0,
            )
        self._waiting += 1
        try:
            await busy.acquire()
        finally:
            self._waiting -= 1
        if self._closed:
            busy.release()
            raise ServerUnavailableError(
                "The server is about to end. Ask another, or ask again once it is back.", retry_seconds=1.0
            )
        task = asyncio.ensure_future(change())
        self._under_way.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, busy))
        return await asyncio.shield(task)

    async def give_up(self) -> None:
        """Begin no more; cancel those under way, such as a load that may take minutes, and wait for their ends."""
        self._closed = True
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _ended(self, task: asyncio.Task[Any], busy: asyncio.Lock) -> None:
        busy.release()
        self._under_way.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.debug("A change of a model failed: %s", task.exception())
