"""Callers take turns before a gate, and give places to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from inspector.errors import BusyError, ConflictError
from inspector.service.gate import Gate
from inspector.service.security.caller import Caller, set_caller
from inspector.service.tenancy import Place
from inspector.service.turns import Turns
from inspector.service.workers.worker import Answer
from inspector.types.control import Deadline
from tests.support.patience import PATIENCE

GREEDY = Caller(name="greedy", peer="ipv4:10.0.0.1:1")
POLITE = Caller(name="polite", peer="ipv4:10.0.0.2:1")


class Day:
    """Calls behind one gate, in the order in which they were served."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.served: list[str] = []
        self.refused: list[str] = []
        self.go_on = asyncio.Semaphore(0)

    async def call(self, caller: Caller, word: str) -> None:
        set_caller(caller)
        try:
            async with self.gate.passed():
                self.served.append(word)
                await self.go_on.acquire()
        except BusyError:
            self.refused.append(word)

    async def begin(self, caller: Caller, *words: str) -> list[asyncio.Task[None]]:
        begun = [asyncio.create_task(self.call(caller, word)) for word in words]
        await settled()
        return begun

    async def let(self, count: int) -> None:
        for _ in range(count):
            self.go_on.release()
            await settled()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def day(work: Callable[[Day], Awaitable[None]], *, running: int = 1, waiting: int = 200) -> Day:
    async def run() -> Day:
        made = Day(Gate("toy", running=running, waiting=waiting))
        await work(made)
        return made

    return asyncio.run(run())


def test_a_polite_caller_is_served_next_however_many_calls_of_a_greedy_one_wait() -> None:
    async def work(made: Day) -> None:
        await made.begin(GREEDY, *(f"g{index}" for index in range(100)))
        await made.begin(POLITE, "p0")
        await made.let(1)
        await made.begin(POLITE, "p1")
        await made.let(3)
        await made.let(98)

    found = day(work)
    assert found.served[:5] == ["g0", "p0", "g1", "p1", "g2"]
    assert len(found.served) == 102
    assert (found.gate.inside, found.gate.waiting) == (0, 0)


def test_all_who_wait_take_turns_and_each_ones_calls_stay_in_order() -> None:
    async def work(made: Day) -> None:
        for name in "abc":
            await made.begin(Caller(name=name), *(f"{name}{index}" for index in range(3)))
        await made.let(9)

    assert day(work).served == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]


def test_whose_calls_run_waits_for_who_has_none_running() -> None:
    async def work(made: Day) -> None:
        await made.begin(GREEDY, *(f"g{index}" for index in range(6)))
        await made.begin(POLITE, "p0", "p1", "p2")
        await made.let(3)
        await made.let(6)

    # Three places: of the first three that are free, the polite caller gets two, and then each has its share.
    assert day(work, running=3).served[:6] == ["g0", "g1", "g2", "p0", "p1", "g3"]


def test_callers_without_a_name_are_told_apart_by_host_and_then_by_connection() -> None:
    async def work(made: Day) -> None:
        for port in (1, 2):
            await made.begin(Caller(peer=f"ipv4:10.0.0.1:{port}"), *(f"a{port}{index}" for index in range(3)))
        await made.begin(Caller(peer="ipv4:10.0.0.2:1"), "b0", "b1")
        await made.let(8)

    assert day(work).served == ["a10", "b0", "a20", "b1", "a11", "a21", "a12", "a22"]


def test_where_all_places_to_wait_are_taken_who_has_most_gives_one_away() -> None:
    async def work(made: Day) -> None:
        await made.begin(GREEDY, *(f"g{index}" for index in range(6)))
        assert made.refused == ["g5"]
        await made.begin(POLITE, "p0", "p1", "p2")
        await made.let(5)

    found = day(work, waiting=4)
    assert sorted(found.refused) == ["g3", "g4", "g5", "p2"]
    assert found.served == ["g0", "p0", "g1", "p1", "g2"]
    assert (found.gate.inside, found.gate.waiting) == (0, 0)


def test_connections_of_one_caller_give_places_to_each_other() -> None:
    async def work(made: Day) -> None:
        await made.begin(Caller(peer="ipv4:127.0.0.1:1"), *(f"g{index}" for index in range(5)))
        await made.begin(Caller(peer="ipv4:127.0.0.1:2"), "p0")
        await made.let(5)

    found = day(work, waiting=4)
    assert found.refused == ["g4"]
    assert found.served[:2] == ["g0", "p0"]


@pytest.mark.parametrize("moment", ["waiting", "its turn came"])
def test_who_leaves_while_waiting_takes_no_place(moment: str) -> None:
    async def work(made: Day) -> None:
        await made.begin(GREEDY, "g0")
        (leaving,) = await made.begin(POLITE, "p0")
        await made.begin(GREEDY, "g1")
        if moment == "its turn came":
            made.go_on.release()
            while made.gate.waiting == 2:
                await asyncio.sleep(0)
        leaving.cancel()
        await made.let(2)
        with pytest.raises(asyncio.CancelledError):
            await leaving

    found = day(work)
    assert "g1" in found.served
    assert (found.gate.inside, found.gate.waiting) == (0, 0)


def test_a_gate_that_closes_refuses_those_who_wait_and_waits_for_those_inside() -> None:
    async def work(made: Day) -> None:
        await made.begin(GREEDY, "g0")
        (waiting,) = await made.begin(POLITE, "p0")
        closing = asyncio.create_task(made.gate.close())
        await settled()
        assert not closing.done()
        with pytest.raises(ConflictError, match="is being unloaded"):
            await waiting
        await made.let(1)
        await closing
        with pytest.raises(ConflictError):
            await made.gate.enter()

    assert day(work).served == ["g0"]


def test_turns_forget_who_has_nothing_left() -> None:
    turns: Turns[int] = Turns()
    for index in range(1000):
        who = (f"caller{index}", "peer")
        turns.add(who, index)
        turns.began(who)
        assert turns.next() == (who, index)
        turns.ended(who)
    assert not turns._waiting
    assert not turns._running


class Worker:
    """Stands for the home of a worker: it does what it is asked until it may go on."""

    busy = 0

    def __init__(self, made: Day) -> None:
        self._made = made

    async def ask(self, _operation: str, about: Mapping[str, Any], _body: bytes, **_: Any) -> Answer:
        self._made.served.append(about["word"])
        if not about.get("quick"):
            await self._made.go_on.acquire()
        return Answer(b"", {})


def test_callers_take_turns_for_a_worker_whichever_models_they_ask() -> None:
    async def work(made: Day) -> None:
        homes: Any = (Worker(made),)
        place = Place(homes, running=1)

        async def ask(caller: Caller, word: str, *, quick: bool = False) -> None:
            set_caller(caller)
            about = {"word": word, "model": word, "quick": quick}
            await place.ask("inspect", about, b"", deadline=Deadline(PATIENCE))

        begun = []
        for caller, words in ((GREEDY, ("g0", "g1", "g2")), (POLITE, ("p0",))):
            for word in words:
                begun.append(asyncio.create_task(ask(caller, word)))
                await settled()
        await ask(POLITE, "quick", quick=True)
        await made.let(4)
        await asyncio.gather(*begun)

    assert day(work).served == ["g0", "quick", "p0", "g1", "g2"]
