"""Work in a thread is done to its end, whoever leaves meanwhile."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from benchmarks.attacks.wire import upload_messages
from inspector.service.repository import MODEL_FILE
from inspector.service.threads import beside, in_thread, settled
from inspector.service.upload import Upload
from inspector.v1.model_service_pb2 import UploadModelRequest
from tests.support.leaving import leave_before
from tests.support.patience import PATIENCE


def test_the_result_and_the_error_come_back() -> None:
    assert asyncio.run(in_thread(max, 1, 2)) == 2
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(divmod, 1, 0))


def test_who_is_cancelled_goes_on_once_the_thread_is_done() -> None:
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(PATIENCE)
        done.set()

    async def scene() -> None:
        waiting = asyncio.ensure_future(in_thread(work))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await leave_before(waiting, go)
        assert done.is_set()

    asyncio.run(scene())


def test_who_waits_however_often_it_is_cancelled_waits_no_longer_than_it_may() -> None:
    async def scene() -> None:
        never = asyncio.get_running_loop().create_future()
        assert await settled(never, timeout=0.01) is None
        waiting = asyncio.ensure_future(settled(never, timeout=0.3))
        for _ in range(3):
            await asyncio.sleep(0.02)
            waiting.cancel()
        async with asyncio.timeout(PATIENCE):
            assert isinstance(await waiting, asyncio.CancelledError)
        assert not never.done()

    asyncio.run(scene())


def test_a_context_is_entered_and_left_in_threads_whoever_is_cancelled() -> None:
    go, told = threading.Event(), list[str]()

    @contextmanager
    def context(error: type[BaseException] | None = None) -> Iterator[int]:
        assert threading.current_thread() is not threading.main_thread()
        go.wait(PATIENCE)
        try:
            yield 7
        except ZeroDivisionError:
            told.append("caught")
        finally:
            assert threading.current_thread() is not threading.main_thread()
            told.append("left")
        if error is not None:
            raise error

    async def enter(error: type[BaseException] | None = None, *, fails: bool = False) -> None:
        async with beside(partial(context, error)) as given:
            told.append(f"given {given}")
            if fails:
                raise ZeroDivisionError

    async def scene() -> None:
        waiting = asyncio.ensure_future(enter())
        await leave_before(waiting, go)
        assert told == ["left"]
        await enter()
        await enter(fails=True)
        with pytest.raises(KeyError):
            await enter(KeyError)
        assert told == ["left", "given 7", "left", "given 7", "caught", "left", "given 7", "left"]

    asyncio.run(scene())


def test_who_is_cancelled_is_cancelled_where_entering_fails_too() -> None:
    go = threading.Event()

    def make() -> AbstractContextManager[None]:
        go.wait(PATIENCE)
        raise OSError("no room")

    async def enter() -> None:
        async with beside(make):
            pytest.fail("It cannot be entered.")

    async def scene() -> None:
        waiting = asyncio.ensure_future(enter())
        await leave_before(waiting, go)
        with pytest.raises(OSError, match="no room"):
            await enter()

    asyncio.run(scene())


def test_a_cancelled_upload_writes_into_no_file_that_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The descriptor of a closed file is soon another's."""
    go, seen = threading.Event(), list[bool]()

    def write(handle: int, data: bytes) -> int:
        go.wait(PATIENCE)
        seen.append(_is_open(handle, tmp_path / MODEL_FILE))
        return len(data)

    async def messages() -> AsyncIterator[UploadModelRequest]:
        for message in upload_messages(b"x" * 10, "m"):
            yield message

    async def scene() -> None:
        upload = Upload(messages(), max_bytes=100, stall_seconds=60, seconds=60, bytes_per_second=1)
        header = await upload.header()
        receiving = asyncio.ensure_future(upload.receive(header, tmp_path))
        await leave_before(receiving, go)

    monkeypatch.setattr(os, "write", write)
    asyncio.run(scene())
    assert seen == [True]


def _is_open(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False
