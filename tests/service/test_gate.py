"""How many calls run at once, and how many wait."""

from __future__ import annotations

import asyncio

import pytest

from inspector.errors import BusyError, ConflictError, DeadlineExceededError
from inspector.service.gate import Gate
from inspector.types.control import Deadline


async def entering(gate: Gate) -> asyncio.Task[None]:
    task = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    return task


def test_so_many_run_and_so_many_wait() -> None:
    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        await gate.enter()
        waiting = await entering(gate)
        with pytest.raises(BusyError) as caught:
            await gate.enter()
        assert caught.value.retry_seconds > 0
        assert (gate.inside, gate.waiting) == (1, 1)
        gate.leave()
        await waiting
        assert (gate.inside, gate.waiting) == (1, 0)

    asyncio.run(main())


def test_a_deadline_counts_the_time_in_the_queue() -> None:
    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        await gate.enter()
        with pytest.raises(DeadlineExceededError):
            async with gate.passed(Deadline(0.02)):
                pytest.fail("It was let in.")
        assert (gate.inside, gate.waiting) == (1, 0)

    asyncio.run(main())


def test_who_leaves_the_queue_frees_its_place() -> None:
    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        await gate.enter()
        waiting = await entering(gate)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert gate.waiting == 0
        other = await entering(gate)
        gate.leave()
        await other

    asyncio.run(main())


def test_a_closed_gate_lets_nobody_in_and_waits_for_those_inside() -> None:
    async def main() -> None:
        gate = Gate("toy", running=1, waiting=1)
        await gate.enter()
        queued = await entering(gate)
        closing = asyncio.create_task(gate.close())
        await asyncio.sleep(0)
        with pytest.raises(ConflictError):
            await gate.enter()
        assert not closing.done()
        gate.leave()
        with pytest.raises(ConflictError):
            await queued
        await closing

    asyncio.run(main())
