"""What one caller may have at once, and that another's is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import grpc
import pytest

from inspector.errors import BusyError
from inspector.service.interceptors.ring import ring
from inspector.service.security import quotas as module
from inspector.service.security.caller import Caller
from inspector.service.security.quotas import Quotas
from inspector.service.settings import Settings
from tests.support.bare_service import serving

ONE, OTHER = Caller(name="one"), Caller(name="other")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def refused(quotas: Quotas, caller: Caller, *, size: int = 0) -> BusyError | None:
    try:
        with quotas.calling(caller), quotas.holding(caller, size):
            return None
    except BusyError as error:
        return error


def test_calls_at_once_are_counted_per_caller() -> None:
    quotas = Quotas(calls=2, size=100)
    with ExitStack() as running:
        for _ in range(2):
            running.enter_context(quotas.calling(ONE))
        error = refused(quotas, ONE)
        assert error is not None
        assert (error.reason, error.retry_seconds) == ("CALLER_LIMIT", 1.0)
        assert refused(quotas, OTHER) is None
    assert refused(quotas, ONE) is None
    assert len(quotas) == 0


def test_bytes_at_once_are_counted_per_caller_and_a_lone_request_passes() -> None:
    quotas = Quotas(calls=10, size=100)
    assert refused(quotas, ONE, size=1000) is None
    with quotas.calling(ONE), quotas.holding(ONE, 60):
        assert refused(quotas, ONE, size=41) is not None
        assert refused(quotas, ONE, size=40) is None
        assert refused(quotas, OTHER, size=100) is None
    assert refused(quotas, ONE, size=41) is None


def test_calls_per_second_come_back_with_time() -> None:
    clock = Clock()
    quotas = Quotas(calls=10, size=100, per_second=2, burst=3, clock=clock)
    assert [refused(quotas, ONE) is None for _ in range(4)] == [True, True, True, False]
    error = refused(quotas, ONE)
    assert error is not None
    assert error.retry_seconds == pytest.approx(0.5)
    assert refused(quotas, OTHER) is None
    clock.now = 0.5
    assert [refused(quotas, ONE) is None for _ in range(2)] == [True, False]
    clock.now = 1000.0
    assert [refused(quotas, ONE) is None for _ in range(4)] == [True, True, True, False]


def test_callers_of_whom_nothing_is_left_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SWEEP", 10)
    clock = Clock()
    quotas = Quotas(calls=10, size=100, per_second=1, burst=5, clock=clock)
    for index in range(100):
        clock.now = float(index)
        assert refused(quotas, Caller(peer=f"ipv4:10.0.0.{index}:1")) is None
    assert len(quotas) <= 11


def test_a_failed_call_is_counted_no_longer() -> None:
    quotas = Quotas(calls=1, size=100)
    with pytest.raises(ValueError, match="x"), quotas.calling(ONE), quotas.holding(ONE, 7):
        raise ValueError("x")
    assert refused(quotas, ONE, size=100) is None


async def echo(request: Any, context: Any) -> bytes:
    return bytes(request)


async def outcomes(settings: Settings, *, count: int, size: int = 1) -> list[grpc.StatusCode]:
    """Hold so many calls open at once, and return how each ended."""
    go_on = asyncio.Event()
    arrived = asyncio.Semaphore(0)

    async def waits(request: Any, context: Any) -> bytes:
        arrived.release()
        await go_on.wait()
        return b""

    async def call(caller: Any) -> grpc.StatusCode:
        try:
            await caller.start(b"x" * size)
        except grpc.aio.AioRpcError as error:
            arrived.release()
            return error.code()
        return grpc.StatusCode.OK

    async with serving(waits, *ring(settings)) as caller:
        begun = [asyncio.create_task(call(caller)) for _ in range(count)]
        for _ in range(count):
            await arrived.acquire()
        go_on.set()
        return await asyncio.gather(*begun)


@pytest.mark.parametrize(
    ("make", "size", "passed"),
    [
        (lambda: Settings(caller_calls=2), 1, 2),
        (lambda: Settings(caller_bytes=1000), 400, 2),
        (lambda: Settings(caller_calls_per_second=0.001, caller_burst=3), 1, 3),
    ],
    ids=["calls", "bytes", "rate"],
)
def test_calls_over_the_wire_are_counted(make: Callable[[], Settings], size: int, passed: int) -> None:
    found = asyncio.run(outcomes(make(), count=5, size=size))
    assert found.count(grpc.StatusCode.OK) == passed
    assert found.count(grpc.StatusCode.RESOURCE_EXHAUSTED) == 5 - passed
