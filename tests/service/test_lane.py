"""Long messages come in one after the other, and the event loop has time for everybody else between them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from inspector.service import lane as lanes
from inspector.service.connections import received_bytes
from inspector.service.lane import BYTES_PER_TICK, FAST, LONG, PATIENCE, TICK_SECONDS, Lane
from tests.support.ahead import run_ahead
from tests.support.patience import eventually

LONGER = 14 * BYTES_PER_TICK


def who(number: int, *, caller: str = "one") -> tuple[str, str]:
    return caller, f"ipv4:127.0.0.1:{number}"


class Line:
    """How much comes from every peer between two looks."""

    def __init__(self, step: int | None) -> None:
        self.step = step
        self.looks = 0

    def __call__(self, _peer: str) -> int | None:
        self.looks += 1
        return None if self.step is None else self.step * self.looks


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


async def read(lane: Lane, one: tuple[str, str], size: int, log: list[str], *, seconds: float = 0.0) -> None:
    async with lane.passed(one):
        log.append(f"begins {one[1][-1]}")
        await asyncio.sleep(seconds)
    log.append(f"ends {one[1][-1]}")
    lane.came(one, size)


def test_long_messages_begin_one_at_a_time_with_pauses() -> None:
    async def test() -> None:
        lane, log = Lane(received=Line(FAST)), list[str]()
        began = time.monotonic()
        await asyncio.gather(*(read(lane, who(number), LONGER, log, seconds=0.02) for number in range(3)))
        assert log == [f"{word} {number}" for number in range(3) for word in ("begins", "ends")]
        assert time.monotonic() - began >= 3 * 0.02 + 2 * 14 * TICK_SECONDS
        assert lane.waiting == 0

    run(test)


def test_the_loop_turns_between_two_long_messages_however_long_a_copy_stops_it() -> None:
    turns: list[int] = []

    async def test() -> None:
        lane, count = Lane(received=Line(FAST)), 0

        async def others() -> None:
            nonlocal count
            while True:
                await asyncio.sleep(TICK_SECONDS / 5)
                count += 1

        async def long(number: int) -> None:
            async with lane.passed(who(number)):
                await asyncio.sleep(0)
                turns.append(count)
                time.sleep(0.2)  # as gRPC's copy does
            lane.came(who(number), LONGER)

        running = asyncio.ensure_future(others())
        await asyncio.gather(*(long(number) for number in range(3)))
        running.cancel()

    run(test)
    assert all(after - before >= 14 for before, after in pairwise(turns))


def test_who_sends_short_messages_waits_for_no_long_one() -> None:
    async def test() -> None:
        lane = Lane(received=Line(FAST))
        short = who(1)
        async with lane.passed(short):
            pass
        lane.came(short, LONG)
        await asyncio.sleep(3 * TICK_SECONDS)
        async with lane.passed(who(2)):
            clock = asyncio.get_running_loop().time
            began = clock()
            async with lane.passed(short):
                assert clock() - began < TICK_SECONDS
            lane.came(short, LONG + 1)
            with pytest.raises(TimeoutError):  # it is trusted no longer
                async with asyncio.timeout(5 * TICK_SECONDS), lane.passed(short):
                    pass
        assert lane.waiting == 0

    run_ahead(test())


@pytest.mark.parametrize("step", [0, FAST - 1, None], ids=["nothing comes", "slow", "unknown"])
def test_a_message_over_a_slow_line_lets_others_by(step: int | None) -> None:
    async def test() -> None:
        lane = Lane(received=Line(step))
        async with lane.passed(who(1)), asyncio.timeout(10), lane.passed(who(2)):
            pass

    run_ahead(test())


def test_a_message_that_comes_fast_is_waited_for() -> None:
    async def test() -> None:
        line = Line(FAST)
        lane = Lane(received=line)
        async with lane.passed(who(1)):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(4 * PATIENCE * TICK_SECONDS), lane.passed(who(2)):
                    pass
        assert line.looks > 1

    run_ahead(test())


def test_short_messages_leave_nothing_behind() -> None:
    async def test() -> None:
        lane = Lane()
        await read(lane, who(1), LONG, [])
        assert (lane._inside, lane._timer, lane._ticks) == (None, None, 0)

    run(test)


def test_callers_take_turns_and_who_leaves_has_none() -> None:
    async def test() -> None:
        lane, log = Lane(received=Line(FAST)), list[str]()
        async with AsyncExitStack() as first:
            await first.enter_async_context(lane.passed(who(0)))
            waiting = [asyncio.ensure_future(read(lane, who(number), 1, log)) for number in (1, 2, 3)]
            await asyncio.sleep(0)
            other = asyncio.ensure_future(read(lane, who(4, caller="two"), 1, log))
            await asyncio.sleep(0)
            assert lane.waiting == 4
            waiting[0].cancel()
        await asyncio.gather(*waiting[1:], other)
        assert [entry for entry in log if entry.startswith("begins")] == ["begins 4", "begins 2", "begins 3"]
        assert lane.waiting == 0

    run(test)


def test_a_turn_that_comes_while_its_message_leaves_goes_to_the_next() -> None:
    async def test() -> None:
        lane, log = Lane(received=Line(FAST)), list[str]()
        first = lane.passed(who(0))
        await first.__aenter__()
        leaving = asyncio.ensure_future(read(lane, who(1), 1, log))
        await asyncio.sleep(0)
        lane._let_by(lane._inside)  # type: ignore[arg-type]
        lane._next()
        leaving.cancel()
        await asyncio.wait_for(read(lane, who(2), 1, log), 5)
        await first.__aexit__(None, None, None)
        assert log == ["begins 2", "ends 2"]

    run(test)


def test_connections_that_are_trusted_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_MOST_TRUSTED", 3)

    async def test() -> None:
        lane = Lane()
        for number in range(9):
            lane.came(who(number), 1)
        assert list(lane._trusted) == [who(6), who(7), who(8)]

    run(test)


def test_what_has_come_over_a_connection_is_known() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as near,
    ):
        far, _ = server.accept()
        host, port = near.getsockname()
        peer = f"ipv4:{host}:{port}"
        with far:
            assert received_bytes(peer) == 0
            near.sendall(bytes(12_345))
            assert eventually(lambda: received_bytes(peer) == 12_345)
    assert received_bytes(peer) is None
    assert received_bytes("unix:/nowhere") is None
