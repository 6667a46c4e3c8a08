"""Requests that arrive: a few of each caller at once, in turns of its connections; who never sends holds nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from inspector.service import arrivals as module
from inspector.service.arrivals import Arrivals
from inspector.service.security.caller import Caller, acting_as
from tests.support.patience import PATIENCE

HURRIED = 0.2


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HURRIED_SECONDS", HURRIED)


def arriving(
    arrivals: Arrivals, connection: str, after: Callable[[], Coroutine[Any, Any, Any]]
) -> asyncio.Task[str]:
    """Begin a request of a connection, all of one host, that has come once `after` is done."""

    async def arrive() -> str:
        with acting_as(Caller(peer=f"ipv4:10.0.0.1:{connection}")):
            try:
                async with arrivals.of("host:10.0.0.1"):
                    await after()
            except TimeoutError:
                return "late"
            return "here"

    return asyncio.ensure_future(arrive())


async def never() -> None:
    await asyncio.sleep(PATIENCE)


async def at_once() -> None:
    return


def test_who_never_sends_holds_others_up_for_a_moment_only() -> None:
    async def scene() -> None:
        arrivals = Arrivals(2, seconds=PATIENCE)
        held = [arriving(arrivals, "1", never) for _ in range(2)]
        await asyncio.sleep(0.01)
        other = arriving(arrivals, "2", at_once)
        async with asyncio.timeout(PATIENCE / 2):
            assert await other == "here"
            assert [await one for one in held] == ["late", "late"]

    asyncio.run(scene())


def test_connections_take_turns() -> None:
    """However many one of them holds, another waits for one round and not for all."""

    async def scene() -> None:
        arrivals = Arrivals(2, seconds=PATIENCE)
        many = [arriving(arrivals, "1", never) for _ in range(40)]
        await asyncio.sleep(0.01)
        other = arriving(arrivals, "2", at_once)
        async with asyncio.timeout(PATIENCE / 2):
            assert await other == "here"
        assert sum(one.done() for one in many) <= 4
        for one in many:
            one.cancel()
        await asyncio.wait(many)

    asyncio.run(scene())


def test_who_sends_slowly_has_its_time_while_nobody_waits() -> None:
    async def slowly() -> None:
        await asyncio.sleep(3 * HURRIED)

    async def scene() -> None:
        arrivals = Arrivals(2, seconds=PATIENCE)
        assert await arriving(arrivals, "1", slowly) == "here"
        others = [arriving(arrivals, str(number), slowly) for number in range(2)]
        assert [await one for one in others] == ["here", "here"]

    asyncio.run(scene())


def test_a_request_has_an_end_though_nobody_waits() -> None:
    async def scene() -> None:
        assert await arriving(Arrivals(2, seconds=HURRIED), "1", never) == "late"

    asyncio.run(scene())


def test_nothing_is_kept_of_a_caller_that_has_gone() -> None:
    async def scene() -> None:
        arrivals = Arrivals(1, seconds=PATIENCE)
        gone = arriving(arrivals, "1", never)
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.wait({gone})
        assert await arriving(arrivals, "1", at_once) == "here"
        assert arrivals._callers == {}

    asyncio.run(scene())
