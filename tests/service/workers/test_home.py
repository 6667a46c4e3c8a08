"""A home whose worker ends: who waits is answered by the next one, with its models in it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from inspector.errors import InspectorError, ServerUnavailableError
from inspector.service.workers import home as home_module
from inspector.service.workers.home import Home
from inspector.service.workers.worker import Answer
from tests.support.patience import PATIENCE
from tests.support.stub_workers import Workers


async def home_of(pool: Workers, told: list[str]) -> Home:
    async def prepare(worker: Any) -> Answer:
        return await worker.ask("hello", {})

    home = Home(
        pool,  # type: ignore[arg-type]
        prepare=prepare,
        most_crashes=2,
        lost=lambda name, why: told.append(f"lost {name} ({why})"),
        away=lambda name: told.append(f"away {name}"),
        back=lambda name: told.append(f"back {name}"),
    )
    await home.load("m", {"folder": "x"})
    return home


async def turns(count: int) -> None:
    """Let the event loop turn so often."""
    for _ in range(count):
        await asyncio.sleep(0)


def test_who_waits_is_answered_once_the_model_is_there_again() -> None:
    async def scene() -> None:
        pool, told = Workers(), list[str]()
        home = await home_of(pool, told)
        pool.slow_loads = True
        pool.made[0].ended.set_result("SIGSEGV")
        await asyncio.sleep(0)
        asking = asyncio.ensure_future(home.ask("run", {"model": "m"}))
        await turns(20)
        assert not asking.done()
        assert pool.made[1].asked == ["hello"]
        pool.made[1].loads.set()
        await asking
        assert pool.made[1].asked == ["hello", "load", "run"]
        assert told == ["away m", "back m"]
        await home.close()

    asyncio.run(scene())


@pytest.mark.parametrize("ends", ["before", "meanwhile"])
def test_what_comes_between_a_kill_and_the_end_of_the_worker_waits_for_the_next(ends: str) -> None:
    async def scene() -> None:
        pool, told = Workers(), list[str]()
        home = await home_of(pool, told)
        worker = pool.made[0]
        worker.killed = True
        loading = asyncio.ensure_future(home.load("n", {"folder": "y"}))
        if ends == "meanwhile":
            await turns(20)
        worker.ended.set_result("SIGKILL")
        async with asyncio.timeout(PATIENCE):
            await loading
            await home.ask("run", {"model": "m"})
        assert [one.asked for one in pool.made[1:]] == [["hello", "load", "load", "run"]]
        assert told == ["away m", "back m"]
        await home.close()

    asyncio.run(scene())


def test_who_waits_is_not_let_in_by_a_worker_that_ended_before_the_model_was_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(home_module, "_PAUSES", (0.0,))

    async def scene() -> None:
        pool, told = Workers(), list[str]()
        home = await home_of(pool, told)
        pool.slow_loads = True
        pool.made[0].ended.set_result("SIGSEGV")
        await turns(20)
        pool.made[1].ended.set_result("SIGSEGV")
        pool.made[1].loads.set()
        await turns(20)
        asking = asyncio.ensure_future(home.ask("run", {"model": "m"}))
        await turns(20)
        assert pool.made[2].asked == ["hello"]
        pool.made[2].loads.set()
        async with asyncio.timeout(PATIENCE):
            await asking
        assert pool.made[2].asked == ["hello", "load", "run"]
        assert told == ["away m", "away m", "back m"]
        await home.close()

    asyncio.run(scene())


@pytest.mark.parametrize("later", range(6))
def test_a_home_that_is_closed_while_it_starts_anew_leaves_no_worker(later: int) -> None:
    async def scene() -> None:
        pool, told = Workers(), list[str]()
        home = await home_of(pool, told)
        pool.slow_loads = True
        pool.made[0].ended.set_result("SIGSEGV")
        await turns(later)
        await home.close()
        for worker in pool.made:
            worker.loads.set()
        await turns(20)
        assert not any(worker.is_alive for worker in pool.made)
        assert set(told) <= {"away m"}

    asyncio.run(scene())


def test_a_model_that_a_bug_keeps_out_of_the_next_worker_is_lost_alone() -> None:
    async def scene() -> None:
        pool, told = Workers(), list[str]()
        home = await home_of(pool, told)
        await home.load("n", {"folder": "y"})
        pool.bug_of = "m"
        pool.made[0].ended.set_result("SIGSEGV")
        async with asyncio.timeout(PATIENCE):
            await home.ask("run", {"model": "n"})
        assert told == ["away m", "away n", "lost m (The server's log tells why.)", "back n"]
        await home.close()

    asyncio.run(scene())


@pytest.mark.parametrize("killed", [1, 2, 3])
def test_a_spare_that_was_killed_with_the_worker_gives_place_to_another(
    monkeypatch: pytest.MonkeyPatch, killed: int
) -> None:
    monkeypatch.setattr(home_module, "_PAUSES", (0.0,))

    async def scene() -> None:
        pool, told = Workers(), list[str]()
        home = await home_of(pool, told)
        pool.killed_spares = killed
        pool.made[0].ended.set_result("SIGKILL")
        if killed == 3:
            with pytest.raises(ServerUnavailableError):
                await asyncio.wait_for(home.ask("run", {"model": "m"}), PATIENCE)
            assert told == ["away m", "lost m (Its worker ended, and no other could be started.)"]
        else:
            await asyncio.wait_for(home.ask("run", {"model": "m"}), PATIENCE)
            assert told == ["away m", "back m"]
            assert pool.made[-1].asked == ["hello", "load", "run"]
        await home.close()

    asyncio.run(scene())


def test_who_waits_for_a_worker_that_a_bug_keeps_out_is_told() -> None:
    async def scene() -> None:
        pool, told = Workers(), list[str]()
        home = await home_of(pool, told)
        pool.bug_of = "hello"
        pool.made[0].ended.set_result("SIGSEGV")
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(ServerUnavailableError, match="the server's log tells why"):
                await home.ask("run", {"model": "m"})
        assert told == ["away m", "lost m (Its worker ended, and no other could be started.)"]
        pool.bug_of = ""
        await home.load("m", {"folder": "x"})
        await home.ask("run", {"model": "m"})
        await home.close()

    asyncio.run(scene())


def test_a_call_that_still_ends_well_after_its_worker_lets_the_next_begin_at_once() -> None:
    async def scene() -> None:
        pool = Workers()
        home = await home_of(pool, [])
        worker = pool.made[0]

        async def last(*_: object, **__: object) -> Answer:
            worker.ended.set_result("SIGSEGV")
            await asyncio.sleep(0)
            return Answer(b"", {})

        worker.ask = last  # type: ignore[method-assign]
        await home.ask("run", {"model": "m"})
        async with asyncio.timeout(4):
            await home.ask("run", {"model": "m"})
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
        assert told == [
            "away m",
            "back m",
            "away m",
            "lost m (Its worker ended 2 times in a row while it ran.)",
        ]
        await home.close()
        with pytest.raises(InspectorError):
            await home.ask("run", {"model": "m"})

    asyncio.run(scene())
