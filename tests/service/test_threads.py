"""Work in a thread is done to its end, whoever leaves meanwhile."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.attacks.wire import upload_messages
from inspector.service.repository import MODEL_FILE
from inspector.service.threads import in_thread
from inspector.service.upload import Upload
from inspector.v1.model_service_pb2 import UploadModelRequest
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
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0.05)
        assert not waiting.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert done.is_set()

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
        await asyncio.sleep(0.1)
        receiving.cancel()
        await asyncio.sleep(0.1)
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await receiving

    monkeypatch.setattr(os, "write", write)
    asyncio.run(scene())
    assert seen == [True]


def _is_open(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False
