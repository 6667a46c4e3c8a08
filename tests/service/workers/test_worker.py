"""A worker in a process of its own: what it answers, how it stops and ends, what it has of the server's."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import (
    BusyError,
    DeadlineExceededError,
    InvalidInputError,
    LimitExceededError,
    ServerUnavailableError,
)
from inspector.isolation.failure import WorkerBugError
from inspector.service.workers.pool import Pool
from inspector.service.workers.starting import Bounds, start_process
from inspector.service.workers.worker import Worker
from inspector.types.control import Deadline
from tests.support.leaving import leave, leave_before
from tests.support.patience import PATIENCE, until

MIB = 2**20


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_PLUGINS", "tests.service.workers.operations")
    monkeypatch.setenv("INSPECTOR_TOKEN", "a secret")


@asynccontextmanager
async def pool(
    folder: Path, *, memory: int = 0, kill_seconds: float = PATIENCE, spare: bool = False
) -> AsyncIterator[Pool]:
    bounds = Bounds(threads=2, memory=memory, answer=64 * MIB)
    made = Pool(start_process, folder=folder, bounds=bounds, kill_seconds=kill_seconds, spare=spare)
    made.prepare()
    try:
        yield made
    finally:
        await made.close()
    assert list(folder.iterdir()) == []


def with_worker(folder: Path, use: Callable[[Worker], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        async with pool(folder, **settings) as made:
            await use(await made.take())

    asyncio.run(main())


def test_it_answers_and_raises_as_the_operation_does(tmp_path: Path) -> None:
    async def use(worker: Worker) -> None:
        for body in (b"", b"short", os.urandom(3 * MIB)):
            answer = await worker.ask("test", {"do": "echo", "given": [1, "é"]}, body)
            assert answer.body == body
            assert answer.about["given"] == [1, "é"]
        with pytest.raises(InvalidInputError) as refused:
            await worker.ask("test", {"do": "refuse"})
        assert refused.value.field == "x"
        with pytest.raises(BusyError) as busy:
            await worker.ask("test", {"do": "busy"})
        assert busy.value.retry_seconds == 2.5
        with pytest.raises(WorkerBugError, match="ZeroDivisionError: a bug"):
            await worker.ask("test", {"do": "bug"})
        assert worker.is_alive

    with_worker(tmp_path, use)


def test_what_it_tells_comes_in_order_before_the_answer(tmp_path: Path) -> None:
    async def use(worker: Worker) -> None:
        told: list[bytes] = []
        answer = await worker.ask("test", {"do": "count", "to": 100}, put=told.append)
        assert [body[0] for body in told] == list(range(100))
        assert answer.body == b"last"

    with_worker(tmp_path, use)


def test_many_operations_share_it(tmp_path: Path) -> None:
    async def use(worker: Worker) -> None:
        bodies = [os.urandom(size) for size in (1, 40_000, 2 * MIB) for _ in range(10)]
        answers = await asyncio.gather(*(worker.ask("test", {"do": "echo"}, body) for body in bodies))
        assert [answer.body for answer in answers] == bodies
        assert worker.busy == 0

    with_worker(tmp_path, use)


def test_a_cancelled_operation_is_stopped_and_the_worker_lives(tmp_path: Path) -> None:
    async def use(worker: Worker) -> None:
        task = asyncio.create_task(worker.ask("test", {"do": "obey"}))
        await asyncio.sleep(0.2)
        await leave(task)
        with pytest.raises(DeadlineExceededError):
            await worker.ask("test", {"do": "obey"}, deadline=Deadline(0.1))
        assert (await worker.ask("test", {"do": "echo"}, b"x")).body == b"x"

    with_worker(tmp_path, use)


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_an_operation_that_does_not_stop_ends_the_worker(tmp_path: Path, how: str) -> None:
    async def use(worker: Worker) -> None:
        other = asyncio.create_task(worker.ask("test", {"do": "obey", "model": "other"}))
        deadline = Deadline(0.2 if how == "deadline" else PATIENCE)
        task = asyncio.create_task(worker.ask("test", {"do": "ignore"}, deadline=deadline))
        await asyncio.sleep(0.1)
        if how == "cancel":
            task.cancel()
        with pytest.raises(DeadlineExceededError if how == "deadline" else asyncio.CancelledError):
            await task
        with pytest.raises(ServerUnavailableError) as caught:
            await other
        assert caught.value.reason == "WORKER_ENDED"
        assert caught.value.retry_seconds is not None
        assert not worker.crashed

    with_worker(tmp_path, use, kill_seconds=0.3)


@pytest.mark.parametrize(
    ("do", "number", "told"),
    [("crash", signal.SIGFPE, "SIGFPE"), ("segfault", 0, "SIGSEGV"), ("crash", 40, "signal 40")],
)
def test_a_crash_is_an_error_of_the_calls_that_ran(tmp_path: Path, do: str, number: int, told: str) -> None:
    async def use(worker: Worker) -> None:
        with pytest.raises(ServerUnavailableError, match=told):
            await worker.ask("test", {"do": do, "signal": int(number), "model": "bad"})
        await worker.ended
        assert worker.crashed
        assert worker.blamed == {"bad"}
        with pytest.raises(ServerUnavailableError):
            await worker.ask("test", {"do": "echo"})

    with_worker(tmp_path, use)


@pytest.mark.parametrize("others", [0, 1])
def test_who_was_alone_in_a_crash_is_not_asked_to_come_again(tmp_path: Path, others: int) -> None:
    async def use(worker: Worker) -> None:
        calls = [asyncio.create_task(worker.ask("test", {"do": "obey"})) for _ in range(others)]
        await asyncio.sleep(0.1)
        calls.append(asyncio.create_task(worker.ask("test", {"do": "segfault"})))
        for error in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(error, ServerUnavailableError)
            assert (error.retry_seconds is None) == (not others)
        with pytest.raises(ServerUnavailableError) as caught:
            await worker.ask("test", {"do": "echo"})
        assert caught.value.retry_seconds is not None

    with_worker(tmp_path, use)


def test_memory_beyond_the_bound_ends_the_worker_or_is_refused(tmp_path: Path) -> None:
    async def use(worker: Worker) -> None:
        with pytest.raises(LimitExceededError) as caught:
            await worker.ask("test", {"do": "take"})
        assert caught.value.reason == "OUT_OF_MEMORY"

    with_worker(tmp_path, use, memory=700 * MIB)


def test_a_worker_has_nothing_of_the_servers(tmp_path: Path) -> None:
    async def use(worker: Worker) -> None:
        about = (await worker.ask("test", {"do": "look"})).about
        assert "INSPECTOR_TOKEN" not in about["environment"]
        assert Path(about["folder"]).parent == tmp_path
        assert about["sockets"] == 1
        assert about["reached"] != "connected"
        assert about["session"] == about["pid"] == worker.pid

    with_worker(tmp_path, use)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENBLAS_CORETYPE", "Haswell"),
        ("OPENBLAS_NUM_THREADS", "1"),
        ("NPY_DISABLE_CPU_FEATURES", ""),
        ("GLIBC_TUNABLES", "glibc.malloc.arena_max=3"),
    ],
)
def test_a_worker_computes_by_the_kernels_that_the_server_would_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    async def use(worker: Worker) -> None:
        about = (await worker.ask("test", {"do": "look"})).about
        assert about["environment"][name] == value

    with_worker(tmp_path, use)


def test_a_worker_writes_no_large_file(tmp_path: Path) -> None:
    async def use(worker: Worker) -> None:
        await worker.ask("test", {"do": "write", "bytes": 1000})
        with pytest.raises((WorkerBugError, ServerUnavailableError)):
            await worker.ask("test", {"do": "write", "bytes": 65 * MIB})

    with_worker(tmp_path, use)


def test_a_spare_one_is_ready(tmp_path: Path) -> None:
    async def main() -> None:
        async with pool(tmp_path, spare=True) as made:
            first, second = await made.take(), await made.take()
            assert first.pid != second.pid
            await until(lambda: len(made.workers) >= 3)

    asyncio.run(main())


def test_who_leaves_while_a_long_body_cannot_be_copied_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def fails(*_: object, **__: object) -> None:
        go.wait(PATIENCE)
        raise OSError("no memory")

    async def use(worker: Worker) -> None:
        monkeypatch.setattr("inspector.service.workers.worker.pack", fails)
        asking = asyncio.ensure_future(worker.ask("test", {"do": "echo"}, bytes(3 * MIB)))
        await leave_before(asking, go)
        assert worker.busy == 0

    with_worker(tmp_path, use)
