"""Callers that do not send, do not read, or are too many: each ends alone, and the others notice nothing."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from inspector.service.answers import Answers
from inspector.service.arrivals import Arrivals
from inspector.service.interceptors.ring import ring
from inspector.service.record import CallRecord
from inspector.service.settings import Settings
from inspector.service.traffic import Traffic
from tests.support.bare_service import METHOD, serving
from tests.support.patience import PATIENCE, eventually
from tests.support.raw_http2 import raw_connection
from tests.support.server import running_loop

LARGE = 1 << 20
"""Bytes of an answer that no window takes at once."""


async def small(request: Any, context: Any) -> bytes:
    return b"answer"


async def large(request: Any, context: Any) -> bytes:
    return bytes(LARGE)


async def parts(request: Any, context: Any) -> None:
    await context.write(b"first")
    await context.write(bytes(LARGE))


async def many(request: Any, context: Any) -> AsyncIterator[bytes]:
    while True:
        yield bytes(LARGE)


@contextmanager
def served(
    method: Callable[..., Any],
    *,
    responses: bool = False,
    name: str = "elsewhere.Service",
    change: Callable[[Traffic], None] = lambda _: None,
    **settings: Any,
) -> Iterator[tuple[str, Traffic]]:
    """Serve one method behind the ring; give the address, and what the ring counts."""
    chosen = Settings(**settings)
    ready, done = threading.Event(), asyncio.Event()
    found: list[tuple[str, Traffic]] = []

    async def serve() -> None:
        traffic = Traffic(chosen)
        change(traffic)
        async with serving(method, *ring(chosen, traffic=traffic), responses=responses, name=name) as caller:
            found.append((caller.address, traffic))
            ready.set()
            await done.wait()

    with running_loop() as loop:
        future = asyncio.run_coroutine_threadsafe(serve(), loop)
        try:
            assert ready.wait(PATIENCE)
            yield found[0]
        finally:
            loop.call_soon_threadsafe(done.set)
            future.result(PATIENCE)


def ask(address: str, *, method: str = METHOD, request: bytes = b"request", responses: bool = False) -> bytes:
    """Call as an ordinary client does."""
    with grpc.insecure_channel(address) as channel:
        call: Any = (channel.unary_stream if responses else channel.unary_unary)(method)
        answer = call(request, timeout=PATIENCE)
        return b"".join(answer) if responses else answer


def refusal(address: str, **how: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        ask(address, **how)
    return caught.value.code(), caught.value.details() or ""


@pytest.mark.parametrize(("method", "responses"), [(small, False), (parts, True)])
def test_a_request_that_does_not_come_ends_its_call(method: Callable[..., Any], responses: bool) -> None:
    with served(method, responses=responses, request_seconds=0.2) as (address, traffic):
        with raw_connection(address) as raw:
            status = raw.status(raw.begin(METHOD))
            assert status["grpc-status"] == str(grpc.StatusCode.DEADLINE_EXCEEDED.value[0])
            assert "did not come" in status["grpc-message"]
            assert eventually(lambda: traffic.calls.taken == 0)
        assert ask(address, responses=responses)


def test_a_call_without_a_request_is_the_callers_mistake() -> None:
    with served(small) as (address, _), raw_connection(address) as raw:
        stream = raw.begin(METHOD)
        raw.end(stream)
        assert raw.status(stream)["grpc-status"] == str(grpc.StatusCode.INVALID_ARGUMENT.value[0])


def test_requests_of_one_connection_arrive_a_few_at_a_time() -> None:
    settings: dict[str, Any] = {"arriving_per_connection": 2, "request_seconds": PATIENCE}
    with served(small, **settings) as (address, traffic), raw_connection(address) as raw:
        slow = [raw.begin(METHOD) for _ in range(2)]
        assert eventually(lambda: traffic.calls.taken == 2)
        third = raw.ask(METHOD)
        raw.pump(0.3)
        assert not any(getattr(event, "stream_id", None) == third for event in raw.events)
        assert ask(address) == b"answer"  # over another one
        raw.send(slow[0], b"at last")
        assert raw.status(third)["grpc-status"] == "0"


def test_who_stalls_most_makes_room_for_others() -> None:
    def hurry(traffic: Traffic) -> None:
        traffic.arrivals = Arrivals(most=6, per_connection=100, seconds=PATIENCE, fair_seconds=0.3)

    with served(small, change=hurry) as (address, traffic), raw_connection(address) as raw:
        stalled = [raw.begin(METHOD) for _ in range(10)]
        assert eventually(lambda: traffic.arrivals.count == 6)
        assert ask(address) == b"answer"
        assert raw.status(stalled[0])["grpc-status"] == str(grpc.StatusCode.DEADLINE_EXCEEDED.value[0])
    assert eventually(lambda: traffic.arrivals.count == 0)


def test_health_waits_for_no_request_that_stalls() -> None:
    name = "grpc.health.v1.Health"
    settings: dict[str, Any] = {"max_arriving": 1, "arriving_per_connection": 1}
    with served(small, name=name, **settings) as (address, _), raw_connection(address) as raw:
        for _ in range(20):
            raw.begin(f"/{name}/Method")
        assert ask(address, method=f"/{name}/Method") == b"answer"


@pytest.mark.parametrize("window", [0, None], ids=["window of 0", "usual window"])
@pytest.mark.parametrize(
    ("method", "responses"), [(large, False), (parts, True), (many, True)], ids=["one", "written", "yielded"]
)
def test_who_does_not_read_loses_the_connection(
    method: Callable[..., Any], responses: bool, window: int | None
) -> None:
    settings: dict[str, Any] = {"unread_seconds": 0.2, "least_bytes_per_second": 10 * LARGE}
    with served(method, responses=responses, **settings) as (address, traffic):
        with raw_connection(address, window=window) as raw:
            for _ in range(3):
                raw.ask(METHOD)
            assert eventually(lambda: traffic.answers.count == 3)
            assert raw.is_closed()
        assert eventually(lambda: traffic.calls.taken == 0)
        assert (traffic.answers.count, traffic.answers.bytes, traffic.requests.held) == (0, 0, 0)


def test_who_reads_slowly_but_steadily_keeps_it() -> None:
    settings: dict[str, Any] = {"unread_seconds": 0.2, "least_bytes_per_second": LARGE // 60}
    with served(large, **settings) as (address, traffic), raw_connection(address) as raw:
        raw.ask(METHOD)
        raw.pump(1.0)
        assert not raw.closed
        assert traffic.answers.count == 1


def test_no_more_answers_are_kept_than_there_is_room_for() -> None:
    def hurry(traffic: Traffic) -> None:
        traffic.answers = Answers(
            max_bytes=2 * LARGE, seconds=PATIENCE, bytes_per_second=LARGE, fair_seconds=0.5
        )

    with served(large, change=hurry) as (address, traffic), raw_connection(address) as raw:
        for _ in range(2):
            raw.ask(METHOD)
        assert eventually(lambda: traffic.answers.bytes == 2 * LARGE)
        code, message = refusal(address)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "wait to be read" in message
        raw.pump(0.6)
        assert not raw.closed
        refusal(address)  # makes room
        assert raw.is_closed()
        assert eventually(lambda: traffic.answers.count == 0)
        assert len(ask(address)) == LARGE


def test_requests_that_wait_have_a_number_of_bytes_together() -> None:
    entered, goes_on = threading.Event(), threading.Event()

    async def waits(request: bytes, context: Any) -> bytes:
        if request[:1] == b"w":
            entered.set()
            await asyncio.to_thread(goes_on.wait, PATIENCE)
        return b"answer"

    with served(waits, waiting_bytes=1000) as (address, traffic), raw_connection(address) as raw:
        stream = raw.ask(METHOD, b"w" * 600)
        assert entered.wait(PATIENCE)
        code, message = refusal(address, request=b"x" * 500)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "1,000" in message
        assert ask(address, request=b"x" * 400) == b"answer"
        goes_on.set()
        assert raw.status(stream)["grpc-status"] == "0"
        assert ask(address, request=b"x" * 5000) == b"answer"  # alone
        assert eventually(lambda: traffic.requests.held == 0)


def test_no_request_outlives_its_call() -> None:
    """Not in a record that a cancelled timer's context holds, either."""
    sizes: list[int] = []

    async def measures(request: bytes, context: Any) -> bytes:
        gc.collect()
        sizes.append(sum(isinstance(one, CallRecord) and one.request is not None for one in gc.get_objects()))
        return b""

    with served(measures) as (address, _):
        for _ in range(5):
            ask(address)
    assert sizes == [1] * 5


@pytest.mark.parametrize(
    ("name", "told"), [("elsewhere.Service", "1 calls"), ("grpc.health.v1.Health", "1 health probes")]
)
def test_health_and_calls_have_places_of_their_own(name: str, told: str) -> None:
    method = f"/{name}/Method"
    settings: dict[str, Any] = {"max_concurrent_rpcs": 1, "max_health_rpcs": 1}
    with served(small, name=name, **settings) as (address, traffic):
        mine, other = traffic.calls, traffic.health
        if name != "elsewhere.Service":
            mine, other = other, mine
        with raw_connection(address) as raw:
            raw.begin(method)  # and no request
            assert eventually(lambda: mine.taken == 1)
            assert other.taken == 0
            code, message = refusal(address, method=method)
            assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert told in message
        assert eventually(lambda: mine.taken == 0)
        assert ask(address, method=method) == b"answer"


def test_a_message_that_is_too_large_is_refused_by_grpc() -> None:
    with served(small) as (address, traffic):
        code, message = refusal(address, request=bytes(5 << 20))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "larger than max" in message
        assert eventually(lambda: traffic.calls.taken == 0)
