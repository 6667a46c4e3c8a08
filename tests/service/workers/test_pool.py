"""The pool of workers: no worker is left over, and no folder is removed on the event loop."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from inspector.service.workers.pool import Pool
from inspector.service.workers.starting import Bounds, Start
from inspector.service.workers.worker import Worker
from inspector.worker.thread import WorkerThread, start_thread
from tests.support.leaving import leave
from tests.support.patience import PATIENCE, until


class Slow:
    """Starts workers that begin only when they may."""

    def __init__(self) -> None:
        self.begun = 0
        self.may = asyncio.Event()

    async def __call__(self, bounds: Bounds, folder: Path) -> WorkerThread:
        self.begun += 1
        await self.may.wait()
        return await start_thread(bounds, folder)


@asynccontextmanager
async def pool(folder: Path, start: Start, *, spare: bool = False) -> AsyncIterator[Pool]:
    bounds = Bounds(threads=1, memory=0, answer=1 << 20)
    made = Pool(start, folder=folder, bounds=bounds, kill_seconds=PATIENCE, spare=spare)
    made.prepare()
    try:
        yield made
    finally:
        await made.close()


async def becomes(pool: Pool, count: int) -> None:
    """Wait until so many workers run, and for what would still come or go."""
    await until(lambda: len(pool.workers) == count)
    await asyncio.sleep(0.2)
    assert len(pool.workers) == count


def test_who_leaves_before_the_spare_one_is_there_leaves_it_to_the_next(tmp_path: Path) -> None:
    async def scene() -> None:
        start = Slow()
        async with pool(tmp_path, start, spare=True) as made:
            first = asyncio.create_task(made.take())
            await until(lambda: start.begun == 1)
            await leave(first)
            start.may.set()
            await made.take()
            await becomes(made, 2)
            assert start.begun == 2

    asyncio.run(scene())


def test_who_leaves_once_another_spare_one_was_begun_leaves_no_worker_over(tmp_path: Path) -> None:
    async def scene() -> None:
        start = Slow()

        async def started(bounds: Bounds, folder: Path) -> WorkerThread:
            if start.begun != 1:
                return await start(bounds, folder)
            start.begun += 1
            return await start_thread(bounds, folder)  # the second does not wait

        async with pool(tmp_path, started, spare=True) as made:
            first = asyncio.create_task(made.take())
            await until(lambda: start.begun == 1)
            second = await made.take()
            await until(lambda: start.begun == 3)
            await leave(first)
            start.may.set()
            await becomes(made, 2)  # the one that was taken, and one ahead
            assert second in made.workers

    asyncio.run(scene())


def test_who_leaves_once_the_pool_has_ended_leaves_no_worker_over(tmp_path: Path) -> None:
    async def scene() -> None:
        start = Slow()
        async with pool(tmp_path, start, spare=True) as made:
            first = asyncio.create_task(made.take())
            await until(lambda: start.begun == 1)
        await leave(first)
        start.may.set()
        await becomes(made, 0)

    asyncio.run(scene())


def test_who_leaves_in_the_moment_in_which_its_worker_is_there_leaves_none_over(tmp_path: Path) -> None:
    async def scene() -> None:
        taking: asyncio.Task[Worker] | None = None

        async def started(bounds: Bounds, folder: Path) -> WorkerThread:
            running = await start_thread(bounds, folder)
            assert taking is not None
            asyncio.get_running_loop().call_soon(taking.cancel)
            return running

        async with pool(tmp_path, started) as made:
            taking = asyncio.create_task(made.take())
            with pytest.raises(asyncio.CancelledError):
                await taking
            await becomes(made, 0)

    asyncio.run(scene())


def test_folders_are_removed_beside_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go, threads = threading.Event(), list[str]()
    remove = shutil.rmtree

    def removed(folder: Path, *, ignore_errors: bool) -> None:
        threads.append(threading.current_thread().name)
        if threads[-1] != threading.main_thread().name:
            go.wait(PATIENCE)
        remove(folder, ignore_errors=ignore_errors)

    async def scene() -> None:
        async with pool(tmp_path, start_thread) as made:
            worker = await made.take()
            await made.take()
            await worker.close()
            await asyncio.sleep(0.05)
            asyncio.get_running_loop().call_later(0.2, go.set)
        assert list(tmp_path.iterdir()) == []  # of the one before, and of the one that the pool's end ended

    monkeypatch.setattr(shutil, "rmtree", removed)
    asyncio.run(scene())
    assert len(threads) == 2
    assert threading.main_thread().name not in threads


def test_a_worker_that_cannot_be_started_leaves_no_folder(tmp_path: Path) -> None:
    async def fails(_bounds: Bounds, _folder: Path) -> WorkerThread:
        raise OSError("no process")

    async def scene() -> None:
        async with pool(tmp_path, fails, spare=True) as made:
            with pytest.raises(OSError, match="no process"):
                await made.take()
            assert list(tmp_path.iterdir()) == []

    asyncio.run(scene())


@pytest.mark.parametrize("makes", ["mkdir", "start"])
def test_who_leaves_while_a_worker_is_started_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, makes: str
) -> None:
    go, mkdir = threading.Event(), os.mkdir

    def made(*given: Any, **more: Any) -> None:
        go.wait(PATIENCE if makes == "mkdir" else 0)
        mkdir(*given, **more)

    async def scene() -> None:
        async with pool(tmp_path, Slow()) as empty:
            taking = asyncio.create_task(empty.take())
            await asyncio.sleep(0.1)
            taking.cancel()
            await asyncio.sleep(0.1)
            go.set()
            with pytest.raises(asyncio.CancelledError):
                await taking
        await asyncio.sleep(0.1)
        assert list(tmp_path.iterdir()) == []

    monkeypatch.setattr(os, "mkdir", made)
    asyncio.run(scene())
