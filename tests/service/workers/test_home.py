"""A home whose worker ends: who waits is answered by the next one, with its models in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from inspector.errors import InspectorError, ServerUnavailableError
from inspector.service.workers.home import Home
from inspector.service.workers.worker import Answer


class Stub:
    """A worker that says what it was asked, and ends when told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.blamed: frozenset[str] = frozenset()
        self.crashed = True
        self.end_told = "SIGSEGV"
        self.busy = 0
        self.loads = asyncio.Event()
        self.loads.set()

    @property
    def is_alive(self) -> bool:
        return not self.ended.done()

    async def ask(self, operation: str, about: Mapping[str, Any], *_: object, **__: object) -> Answer:
        if operation == "load":
            await self.loads.wait()
        if not self.is_alive:
            raise ServerUnavailableError("It has ended.")
        self.asked.append(operation)
        return Answer(b"", {"by": id(self)})

    async def close(self) -> None:
        if self.is_alive:
            self.ended.set_result("")


class Workers:
    """A pool of such."""

    def __init__(self) -> None:
        self.made: list[Stub] = []
        self.slow_loads = False

    async def take(self) -> Stub:
        self.made.append(Stub())
        if self.slow_loads:
            self.made[-1].loads.clear()
        return self.made[-1]

    def keep(self, work: Any, done: Any = None) -> asyncio.Task[Any]:
        return asyncio.ensure_future(work)


async def home_of(pool: Workers, told: list[str]) -> Home:
    async def prepare(worker: Any) -> Answer:
        return await worker.ask("hello", {})

    home = Home(
        pool,  # type: ignore[arg-type]
        prepare=prepare,
        most_crashes=2,
        lost=lambda name, _: told.append(f"lost {name}"),
        away=lambda name: told.append(f"away {name}"),
        back=lambda name: told.append(f"back {name}"),
    )
    await home.load("m", {"folder": "x"})
    return home


def test_who_waits_is_answered_once_the_model_is_there_again() -> None:
    async def scene() -> None:
        pool, told = Workers(), list[str]()
        home = await home_of(pool, told)
        pool.slow_loads = True
        pool.made[0].ended.set_result("SIGSEGV")
        await asyncio.sleep(0)
        asking = asyncio.ensure_future(home.ask("run", {"model": "m"}))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not asking.done()
        assert pool.made[1].asked == ["hello"]
        pool.made[1].loads.set()
        await asking
        assert pool.made[1].asked == ["hello", "load", "run"]
        assert told == ["away m", "back m"]
        await home.close()

    asyncio.run(scene())


def test_a_model_that_ends_its_worker_again_and_again_is_lost() -> None:
    async def scene() -> None:
        pool, told = Workers(), list[str]()
        home = await home_of(pool, told)
        for number in range(2):
            worker = pool.made[number]
            worker.blamed = frozenset({"m"})
            worker.ended.set_result("SIGFPE")
            while len(pool.made) == number + 1:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0)
        assert told == ["away m", "back m", "away m", "lost m"]
        await home.close()
        with pytest.raises(InspectorError):
            await home.ask("run", {"model": "m"})

    asyncio.run(scene())
