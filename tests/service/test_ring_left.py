"""What stands around the handlers, where the caller leaves before they have ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from inspector.service.interceptors.ring import ring
from inspector.service.settings import Settings
from tests.support.bare_service import serving
from tests.support.patience import PATIENCE

RING = ring(Settings(max_message_bytes=100))


@pytest.mark.parametrize("style", ["unary", "written", "yielded", "writing"])
def test_a_caller_that_leaves_ends_the_handler_at_once(style: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whether it waits, or fills a window that nobody reads."""

    async def run() -> bool:
        began, ended = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            began.set()
            await asyncio.sleep(PATIENCE)

        async def unary(request: Any, context: Any) -> bytes:
            try:
                await wait()
            finally:
                ended.set()
            return b""

        async def yielded(request: Any, context: Any) -> AsyncIterator[bytes]:
            try:
                yield b"part"
                await wait()
            finally:
                ended.set()

        async def writing(request: Any, context: Any) -> AsyncIterator[bytes]:
            try:
                while True:
                    began.set()
                    yield bytes(100)
            finally:
                ended.set()

        async def written(request: Any, context: Any) -> None:
            await context.write(await unary(request, context))

        method = {"unary": unary, "written": written, "yielded": yielded, "writing": writing}[style]
        async with serving(method, *RING, responses=style != "unary") as caller:
            call = caller.start()
            await asyncio.wait_for(began.wait(), PATIENCE)
            call.cancel()
            await asyncio.wait_for(ended.wait(), PATIENCE)
            return ended.is_set()

    assert asyncio.run(run())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_caller_that_left_is_no_bug_of_the_handler_that_still_writes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        began, ended = asyncio.Event(), asyncio.Event()

        async def method(request: Any, context: Any) -> None:
            try:
                began.set()
                await asyncio.sleep(PATIENCE)
            except asyncio.CancelledError:
                await context.write(b"too late")
            finally:
                ended.set()

        async with serving(method, *RING, responses=True) as caller:
            call = caller.start()
            await asyncio.wait_for(began.wait(), PATIENCE)
            call.cancel()
            await asyncio.wait_for(ended.wait(), PATIENCE)

    asyncio.run(run())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_write_that_fails_tells_that_the_caller_left(caplog: pytest.LogCaptureFixture) -> None:
    """Before gRPC cancels the handler: which of the two comes first is a race, so that the failure is raised here."""
    caplog.set_level(logging.INFO)

    async def run() -> None:
        began = asyncio.Event()

        async def method(request: Any, context: Any) -> AsyncIterator[bytes]:
            yield b"part"
            began.set()
            raise grpc.aio.InternalError('Failed "execute_batch"')

        async with serving(method, *RING, responses=True) as caller:
            call = caller.start()
            await asyncio.wait_for(began.wait(), PATIENCE)
            call.cancel()

    asyncio.run(run())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
