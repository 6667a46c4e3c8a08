"""What stands around the handlers: of every kind, of any package, whoever raises."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest

from inspector.errors import InspectorError, InvalidInputError, NotFoundError
from inspector.service.interceptors.chain import Chain
from inspector.service.interceptors.errors import ErrorInterceptor
from inspector.service.interceptors.limits import LimitInterceptor
from inspector.service.interceptors.recording import RecordingInterceptor
from inspector.service.interceptors.ring import ring
from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.settings import Settings
from tests.support.bare_service import Answer, serving
from tests.support.patience import PATIENCE

Code = grpc.StatusCode
RING = ring(Settings(max_message_bytes=100))
KINDS = [(requests, responses) for requests in (False, True) for responses in (False, True)]
OURS = InvalidInputError("The seed is negative.", reason="SEED", field="seed")


def ask(
    method: Any, *interceptors: grpc.aio.ServerInterceptor, sent: tuple[bytes, ...] = (b"x",), **kind: Any
) -> Answer:
    """Call a method once behind the ring, or behind other interceptors."""

    async def run() -> Answer:
        async with serving(method, *(interceptors or RING), **kind) as caller:
            return await caller.ask(*sent)

    return asyncio.run(run())


async def echo(request: Any, context: Any) -> bytes:
    """Answer with what came, of either kind of request."""
    return request if isinstance(request, bytes) else b"".join([message async for message in request])


async def echo_written(request: Any, context: Any) -> None:
    await context.write(await echo(request, context))
    await context.write(b"!")


async def echo_yielded(request: Any, context: Any) -> AsyncIterator[bytes]:
    yield await echo(request, context)
    yield b"!"


@pytest.mark.parametrize("requests", [False, True])
@pytest.mark.parametrize(
    ("method", "responses", "expected"),
    [(echo, False, [b"ab"]), (echo_written, True, [b"ab", b"!"]), (echo_yielded, True, [b"ab", b"!"])],
)
def test_what_goes_well_passes_as_it_is(
    requests: bool, method: Callable[..., Any], responses: bool, expected: list[bytes]
) -> None:
    sent = (b"a", b"b") if requests else (b"ab",)
    answer = ask(method, sent=sent, requests=requests, responses=responses)
    assert (answer.responses, answer.code) == (expected, Code.OK)


def test_a_handler_with_some_arguments_bound_is_a_coroutine_function_too() -> None:
    async def bound(first: bytes, request: Any, context: Any) -> bytes:
        return first + request

    assert ask(functools.partial(bound, b"a"), sent=(b"b",)).responses == [b"ab"]


class Raising:
    """Handlers that raise an error, after they have sent so many responses."""

    def __init__(self, error: Exception, *, after: int = 0) -> None:
        self._error = error
        self._after = after

    async def unary(self, request: Any, context: Any) -> bytes:
        raise self._error

    async def written(self, request: Any, context: Any) -> None:
        for _ in range(self._after):
            await context.write(b"part")
        raise self._error

    async def yielded(self, request: Any, context: Any) -> AsyncIterator[bytes]:
        for _ in range(self._after):
            yield b"part"
        raise self._error


@pytest.mark.parametrize("requests", [False, True])
@pytest.mark.parametrize("style", ["unary", "written", "yielded"])
@pytest.mark.parametrize("after", [0, 2])
def test_an_error_of_ours_is_a_status_with_details(requests: bool, style: str, after: int) -> None:
    method = getattr(Raising(OURS, after=after), style)
    answer = ask(method, requests=requests, responses=style != "unary")
    assert answer.responses == ([] if style == "unary" else [b"part"] * after)
    assert (answer.code, answer.message) == (Code.INVALID_ARGUMENT, "The seed is negative.")
    assert (answer.info.reason, answer.info.metadata["field"]) == ("SEED", "seed")


@pytest.mark.parametrize("requests", [False, True])
@pytest.mark.parametrize("style", ["unary", "written", "yielded"])
@pytest.mark.parametrize("after", [0, 2])
def test_of_any_other_error_only_an_id_goes_out(
    requests: bool, style: str, after: int, caplog: pytest.LogCaptureFixture
) -> None:
    method = getattr(Raising(KeyError("a secret"), after=after), style)
    answer = ask(method, requests=requests, responses=style != "unary")
    assert (answer.code, answer.info.reason) == (Code.INTERNAL, "BUG")
    assert "secret" not in answer.message
    assert sum(answer.info.metadata["id"] in record.getMessage() for record in caplog.records) == 1


class Refusing(grpc.aio.ServerInterceptor):
    """As interceptors are usually written: it knows nothing of ours."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        raise self._error


class RefusingWithin(grpc.aio.ServerInterceptor):
    """Wraps by itself, and raises in the call."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        await continuation(handler_call_details)

        async def refuse(request: Any, context: Any) -> None:
            raise self._error

        return grpc.stream_stream_rpc_method_handler(refuse)


class RefusingAround(Interceptor):
    """Built on ours."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def around(self, call: Call) -> Any:
        raise self._error


def refusing_around(error: Exception) -> Chain:
    return Chain(RefusingAround(error))


@pytest.mark.parametrize("refusing", [Refusing, RefusingWithin, refusing_around])
@pytest.mark.parametrize(("requests", "responses"), KINDS)
@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (NotFoundError("No token.", reason="TOKEN"), Code.NOT_FOUND, "TOKEN"),
        (KeyError("x"), Code.INTERNAL, "BUG"),
    ],
)
def test_what_an_interceptor_raises_is_a_status_too(
    refusing: Callable[[Exception], grpc.aio.ServerInterceptor],
    requests: bool,
    responses: bool,
    error: Any,
    code: grpc.StatusCode,
    reason: str,
) -> None:
    settings = Settings(max_message_bytes=100)
    method = echo_yielded if responses else echo
    answer = ask(method, *ring(settings, refusing(error)), requests=requests, responses=responses)
    assert (answer.code, answer.info.reason, answer.responses) == (code, reason, [])


def test_whatever_joins_the_ring_errors_stay_outermost() -> None:
    chain, _ = ring(Settings(), Refusing(OURS))
    assert isinstance(chain, Chain)
    recording, first, *_ = chain.links
    assert isinstance(recording, RecordingInterceptor)  # which raises nothing
    assert isinstance(first, ErrorInterceptor)
    assert ask(echo, *ring(Settings(), Refusing(OURS), refusing_around(KeyError("x")))).info.reason == "SEED"


class Aborting:
    """Handlers that end the call themselves, at once or after one response."""

    def __init__(self, *, after: int = 0) -> None:
        self._after = after

    async def unary(self, request: Any, context: Any) -> None:
        await context.abort(Code.DATA_LOSS, "as it is", (("key", "value"),))

    async def written(self, request: Any, context: Any) -> None:
        for _ in range(self._after):
            await context.write(b"part")
        await context.abort(Code.DATA_LOSS, "as it is", (("key", "value"),))

    async def yielded(self, request: Any, context: Any) -> AsyncIterator[bytes]:
        for _ in range(self._after):
            yield b"part"
        await context.abort(Code.DATA_LOSS, "as it is", (("key", "value"),))


@pytest.mark.parametrize("style", ["unary", "written", "yielded"])
@pytest.mark.parametrize("after", [0, 1])
def test_what_a_handler_aborts_with_passes_untouched(
    style: str, after: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(getattr(Aborting(after=after), style), responses=style != "unary")
    assert (answer.code, answer.message, answer.info) == (Code.DATA_LOSS, "as it is", None)
    assert answer.trailing["key"] == "value"
    assert answer.responses == ([] if style == "unary" else [b"part"] * after)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_code_that_a_handler_sets_passes_untouched() -> None:
    async def method(request: Any, context: Any) -> bytes:
        context.set_code(Code.OUT_OF_RANGE)
        context.set_details("as it is")
        return b""

    answer = ask(method)
    assert (answer.code, answer.message) == (Code.OUT_OF_RANGE, "as it is")


@pytest.mark.parametrize(("method", "responses"), [(echo, False), (echo_written, True), (echo_yielded, True)])
def test_no_response_is_larger_than_a_message(method: Callable[..., Any], responses: bool) -> None:
    fits = ask(method, sent=(b"x" * 100,), responses=responses)
    assert fits.code is Code.OK
    answer = ask(method, sent=(b"x" * 101,), responses=responses)
    assert (answer.code, answer.info.reason) == (Code.RESOURCE_EXHAUSTED, "RESPONSE_TOO_LARGE")


def test_the_limit_holds_for_each_response_of_a_stream() -> None:
    async def method(request: Any, context: Any) -> AsyncIterator[bytes]:
        for size in (100, 100, 101):
            yield bytes(size)

    answer = ask(method, responses=True)
    assert [len(response) for response in answer.responses] == [100, 100]
    assert answer.info.reason == "RESPONSE_TOO_LARGE"


@pytest.mark.parametrize(("requests", "responses"), KINDS)
def test_a_request_that_cannot_be_parsed_is_the_callers_error(requests: bool, responses: bool) -> None:
    method = echo_yielded if responses else echo
    answer = ask(
        method, decode=lambda data: dict[str, str]()["secret"], requests=requests, responses=responses
    )
    assert (answer.code, answer.info.reason) == (Code.INVALID_ARGUMENT, "MALFORMED_REQUEST")
    assert "secret" not in answer.message


@pytest.mark.parametrize("encode", [None, str.encode])
@pytest.mark.parametrize("responses", [False, True])
def test_what_is_no_response_is_a_bug_of_which_nothing_goes_out(responses: bool, encode: Any) -> None:
    async def unary(request: Any, context: Any) -> Any:
        return {"secret": 1}

    async def stream(request: Any, context: Any) -> Any:
        await context.write({"secret": 1})

    answer = ask(
        stream if responses else unary, Chain(ErrorInterceptor()), responses=responses, encode=encode
    )
    assert (answer.code, answer.info.reason) == (Code.INTERNAL, "BUG")
    assert "dict" not in answer.message


def test_a_response_that_was_forgotten_is_a_bug_too() -> None:
    async def method(request: Any, context: Any) -> None:
        return None

    assert ask(method).info.reason == "BUG"


@pytest.mark.parametrize("code", [None, 0, Code.OK])
def test_responses_are_encoded_once(code: int | grpc.StatusCode | None) -> None:
    async def method(request: Any, context: Any) -> str:
        if code is not None:
            context.set_code(code)
        return "response"

    assert ask(method, Chain(ErrorInterceptor()), encode=str.encode).responses == [b"response"]


@pytest.mark.parametrize("responses", [False, True])
def test_a_blocking_handler_is_refused_before_it_blocks(
    responses: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def method(request: Any, context: Any) -> bytes:
        raise AssertionError("it ran")

    answer = ask(method, responses=responses)
    assert (answer.code, answer.info.reason) == (Code.INTERNAL, "BUG")
    assert "async def" in caplog.text
    assert "it ran" not in caplog.text


def test_without_the_interceptor_of_errors_they_reach_the_wire_raw() -> None:
    """What the others here are measured against."""
    answer = ask(Raising(OURS).unary, Chain(LimitInterceptor(max_response_bytes=100)))
    assert answer.code is Code.UNKNOWN
    assert answer.info is None


def test_a_method_that_does_not_exist_is_answered_by_grpc() -> None:
    async def run() -> grpc.StatusCode:
        async with serving(echo, *RING) as caller:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                call: Any = caller.channel.unary_unary("/elsewhere.Service/None")
                await call(b"", timeout=PATIENCE)
            return caught.value.code()

    assert asyncio.run(run()) is Code.UNIMPLEMENTED


def test_an_error_after_an_abort_does_not_replace_it(caplog: pytest.LogCaptureFixture) -> None:
    async def method(request: Any, context: Any) -> bytes:
        try:
            await context.abort(Code.DATA_LOSS, "as it is")
        finally:
            raise InspectorError("too late")

    answer = ask(method)
    assert (answer.code, answer.message) == (Code.DATA_LOSS, "as it is")
