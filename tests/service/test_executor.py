"""The executor and its gate, without gRPC."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from inspector import Cancellation
from inspector.errors import BusyError, CancelledError, ConflictError, InvalidInputError
from inspector.service.executor import Executor
from inspector.service.gate import Gate
from inspector.types.control import Deadline

PATIENCE = 30.0


@pytest.fixture
def executor() -> Iterator[Executor]:
    made = Executor(workers=2)
    yield made
    made.close()


def obedient(cancellation: Cancellation) -> None:
    """Work until told to stop, as a run does."""
    while True:
        cancellation.raise_if_cancelled()


def test_it_returns_and_raises_what_the_work_does(executor: Executor) -> None:
    def fail(cancellation: Cancellation) -> None:
        raise InvalidInputError("no")

    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        assert await executor.run(gate, lambda _: 42, deadline=Deadline(PATIENCE)) == 42
        with pytest.raises(InvalidInputError):
            await executor.run(gate, fail, deadline=Deadline(PATIENCE))
        assert gate.inside == 0

    asyncio.run(main())


def test_the_slot_is_held_until_the_thread_has_stopped(executor: Executor) -> None:
    stopped = threading.Event()
    release = threading.Event()

    def slow_to_stop(cancellation: Cancellation) -> None:
        while not cancellation.cancelled:
            pass
        release.wait(PATIENCE)
        stopped.set()

    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        task = asyncio.create_task(executor.run(gate, slow_to_stop, deadline=Deadline(PATIENCE)))
        while gate.inside == 0:
            await asyncio.sleep(0)
        task.cancel()
        for _ in range(20):
            await asyncio.sleep(0.001)
            task.cancel()
        assert gate.inside == 1
        assert not task.done()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stopped.is_set()
        assert gate.inside == 0

    asyncio.run(main())


def test_a_deadline_counts_the_time_in_the_queue(executor: Executor) -> None:
    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        first = asyncio.create_task(executor.run(gate, obedient, deadline=Deadline(PATIENCE)))
        await asyncio.sleep(0)
        with pytest.raises(CancelledError) as caught:
            await executor.run(gate, lambda _: 1, deadline=Deadline(0.05))
        assert caught.value.reason == "DEADLINE_EXCEEDED"
        assert (gate.inside, gate.waiting) == (1, 0)
        first.cancel()
        await asyncio.wait({first})

    asyncio.run(main())


def test_a_full_queue_is_an_error_that_may_be_retried(executor: Executor) -> None:
    async def main() -> None:
        gate = Gate("toy", running=1, waiting=0)
        first = asyncio.create_task(executor.run(gate, obedient, deadline=Deadline(PATIENCE)))
        while gate.inside == 0:
            await asyncio.sleep(0)
        with pytest.raises(BusyError) as caught:
            await executor.run(gate, lambda _: 1, deadline=Deadline(PATIENCE))
        assert caught.value.retry_seconds > 0
        first.cancel()
        await asyncio.wait({first})
        assert await executor.run(gate, lambda _: 1, deadline=Deadline(PATIENCE)) == 1

    asyncio.run(main())


def test_a_closed_gate_lets_nobody_in_and_waits_for_those_inside(executor: Executor) -> None:
    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        inside = asyncio.create_task(executor.run(gate, obedient, deadline=Deadline(PATIENCE)))
        while gate.inside == 0:
            await asyncio.sleep(0)
        queued = asyncio.create_task(executor.run(gate, lambda _: 1, deadline=Deadline(PATIENCE)))
        await asyncio.sleep(0)
        closing = asyncio.create_task(gate.close())
        await asyncio.sleep(0)
        with pytest.raises(ConflictError):
            await executor.run(gate, lambda _: 1, deadline=Deadline(PATIENCE))
        assert not closing.done()
        inside.cancel()
        await asyncio.wait({inside})
        with pytest.raises(ConflictError):
            await queued
        await closing

    asyncio.run(main())


def test_a_slow_reader_misses_items_but_not_the_last_and_does_not_hold_the_gate(executor: Executor) -> None:
    def count(cancellation: Cancellation, put: Callable[..., Any]) -> None:
        for number in range(1000):
            put(number)

    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        seen = []
        async with aclosing(executor.stream(gate, count, deadline=Deadline(PATIENCE))) as items:
            async for item in items:
                seen.append(item)
                while gate.inside:
                    await asyncio.sleep(0.001)
        assert seen[-1] == 999
        assert seen == sorted(set(seen))
        assert len(seen) < 1000

    asyncio.run(main())


def test_a_reader_that_leaves_stops_the_work(executor: Executor) -> None:
    def endless(cancellation: Cancellation, put: Callable[..., Any]) -> None:
        while True:
            cancellation.raise_if_cancelled()
            put(1)

    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        async with aclosing(executor.stream(gate, endless, deadline=Deadline(PATIENCE))) as items:
            async for _ in items:
                break
        assert gate.inside == 0

    asyncio.run(main())


def test_an_error_in_a_stream_comes_after_what_was_found(executor: Executor) -> None:
    def failing(cancellation: Cancellation, put: Callable[..., Any]) -> None:
        put(1)
        raise InvalidInputError("then it failed")

    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        seen = []
        with pytest.raises(InvalidInputError):
            async with aclosing(executor.stream(gate, failing, deadline=Deadline(PATIENCE))) as items:
                seen.extend([item async for item in items])
        assert gate.inside == 0

    asyncio.run(main())
