"""Requests that are on their way: few at a time, so that few bytes are held of what has not come whole."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from inspector.service.lane import Lane

T = TypeVar("T")

FAIR_SECONDS = 5.0
FEW = 4


@dataclass(eq=False)
class _Arrival:
    """A request that is on its way."""

    caller: str
    until: asyncio.Timeout
    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())


@dataclass(eq=False)
class _Connection:
    """A connection on which requests arrive, or wait to."""

    free: asyncio.Semaphore
    users: int = 0


class Arrivals:
    """Lets few requests arrive at the same time: of the others, gRPC takes the first 64 KiB only.

    Small requests arrive at once and wait for nobody, on connections that are known for them; others begin one at a
    time. Where there is no room, the caller who has most on its way, and more than a few, loses the oldest, once that
    takes longer than is fair. For one event loop.
    """

    def __init__(
        self, *, most: int, per_connection: int, seconds: float, fair_seconds: float = FAIR_SECONDS
    ) -> None:
        """Let `most` arrive at once, of one connection `per_connection`; each has `seconds`, waiting included."""
        self._free = asyncio.Semaphore(most)
        self._per_connection = per_connection
        self._seconds = seconds
        self._fair_seconds = fair_seconds
        self._lane = Lane()
        self._connections: dict[str, _Connection] = {}
        self._arriving: set[_Arrival] = set()

    @property
    def count(self) -> int:
        """How many arrive now."""
        return len(self._arriving)

    async def take(self, read: Callable[[], Awaitable[T]], *, caller: str, peer: str) -> T:
        """Let a request arrive, and return what `read` gives then; TimeoutError where that takes too long."""
        connection = self._connections.get(peer)
        if connection is None:
            connection = self._connections[peer] = _Connection(asyncio.Semaphore(self._per_connection))
        connection.users += 1
        try:
            async with asyncio.timeout(self._seconds) as until, connection.free:
                if self._lane.trusts((caller, peer)):
                    return await self._arrived(read, caller, until)
                async with self._lane.passed((caller, peer)):
                    return await self._arrived(read, caller, until)
        finally:
            connection.users -= 1
            if not connection.users:  # connections come and go
                del self._connections[peer]

    def came(self, size: int, *, caller: str, peer: str) -> None:
        """Take note of a request that has arrived whole."""
        self._lane.came((caller, peer), size)

    async def _arrived(self, read: Callable[[], Awaitable[T]], caller: str, until: asyncio.Timeout) -> T:
        await self._enter()
        arrival = _Arrival(caller, until)
        self._arriving.add(arrival)
        try:
            return await read()
        finally:
            self._arriving.discard(arrival)
            self._free.release()

    async def _enter(self) -> None:
        while self._free.locked():
            self._make_room()
            try:
                async with asyncio.timeout(self._fair_seconds / 5):
                    await self._free.acquire()
            except TimeoutError:
                continue
            return
        await self._free.acquire()

    def _make_room(self) -> None:
        counts = Counter(arrival.caller for arrival in self._arriving)
        ((caller, count),) = counts.most_common(1) or (("", 0),)
        if count <= FEW:
            return
        loop = asyncio.get_running_loop()
        oldest = min((one for one in self._arriving if one.caller == caller), key=lambda one: one.began)
        if loop.time() - oldest.began >= self._fair_seconds:
            self._arriving.discard(oldest)  # nobody else needs to end it
            oldest.until.reschedule(loop.time())
