"""Runs blocking work in threads, for callers that may leave at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from inspector.errors import DeadlineExceededError
from inspector.service.gate import Gate
from inspector.types.control import Cancellation, Deadline

T = TypeVar("T")
Put = Callable[[T], object]
"""Takes the next of several items."""


class Executor:
    """Bounded pools of threads. When a call is cancelled or late, its work is stopped and waited for.

    Short work, which runs no model, has a pool of its own (`quick`): it never waits for a thread that runs one. The
    gate is left only once the thread is free, so that what runs never exceeds what is counted.
    """

    def __init__(self, *, workers: int, quick_workers: int = 2) -> None:
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="inspect")
        self._quick = ThreadPoolExecutor(max_workers=quick_workers, thread_name_prefix="quick")

    async def run(
        self,
        gate: Gate | None,
        work: Callable[[Cancellation], T],
        *,
        deadline: Deadline,
        quick: bool = False,
    ) -> T:
        """Return what `work` returns; DeadlineExceededError when the time is over, waiting included."""
        if gate is None:
            return await self._in_thread(work, deadline=deadline, quick=quick)
        try:
            async with asyncio.timeout(deadline.left()):
                await gate.enter()
        except TimeoutError:
            raise _late(deadline) from None
        try:
            return await self._in_thread(work, deadline=deadline, quick=quick)
        finally:
            gate.leave()

    async def stream(
        self,
        gate: Gate | None,
        work: Callable[[Cancellation, Put[T]], None],
        *,
        deadline: Deadline,
        quick: bool = False,
    ) -> AsyncGenerator[T, None]:
        """Yield what `work` puts; a slow reader misses items between, never the last, and never holds the gate."""
        loop = asyncio.get_running_loop()
        latest = _Latest[T]()

        def produce(cancellation: Cancellation) -> None:
            work(cancellation, lambda item: loop.call_soon_threadsafe(latest.put, item))

        producer = asyncio.create_task(self.run(gate, produce, deadline=deadline, quick=quick))
        producer.add_done_callback(lambda _: latest.close())
        try:
            while (item := await latest.get()) is not None:
                yield item
            await producer
        finally:
            producer.cancel()
            await _ended(producer)

    def close(self) -> None:
        """Wait for the threads to end."""
        for pool in (self._pool, self._quick):
            pool.shutdown(wait=True, cancel_futures=True)

    async def _in_thread(self, work: Callable[[Cancellation], T], *, deadline: Deadline, quick: bool) -> T:
        cancellation = Cancellation()
        job = (self._quick if quick else self._pool).submit(work, cancellation)
        future = asyncio.wrap_future(job)
        try:
            await asyncio.wait({future}, timeout=deadline.left())
        except asyncio.CancelledError:
            cancellation.cancel("the caller cancelled, or its deadline passed")
            await _stopped(job, future)
            raise
        if not future.done():
            cancellation.cancel("its deadline passed")
            await _stopped(job, future)
            raise _late(deadline)
        return future.result()


class _Latest(Generic[T]):
    """A place for one item, where a newer one replaces an older."""

    def __init__(self) -> None:
        self._item: T | None = None
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, item: T) -> None:
        self._item = item
        self._changed.set()

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def get(self) -> T | None:
        """Wait for an item and take it; None when there will be no more."""
        while self._item is None and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        item, self._item = self._item, None
        return item


async def _stopped(job: Future[Any], future: asyncio.Future[Any]) -> None:
    job.cancel()  # does something only where no thread has taken it yet
    await _ended(future)


async def _ended(future: asyncio.Future[Any]) -> None:
    """Wait until it is done, however often the waiting task is cancelled meanwhile; its outcome is dropped."""
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            continue
    if not future.cancelled():
        future.exception()


def _late(deadline: Deadline) -> DeadlineExceededError:
    return DeadlineExceededError(
        f"The call was not done after {deadline.seconds:.3g} s, which was all its deadline or the server allows."
    )
