"""One way to stand around a call of any kind: unary or streamed, coroutine or async generator, of any service."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

import grpc
from google.protobuf.message import Message

from inspector.errors import InspectorError
from inspector.service.record import note_request
from inspector.wire.bounds import require_bounded
from inspector.wire.parsing import malformed

Method = Callable[[Any, Any], Any]
Serve = Callable[[Any, Any], Awaitable[Any]]
"""(a request, gRPC's context) -> the response, or what comes once all are written; it may raise before, too."""
Around = Callable[["Call"], Awaitable[Any]]
Read = Callable[[Any], Awaitable[bytes]]
"""gRPC's context -> the bytes of the one message of a request."""
Each = Callable[[Any], object]
"""Looks at one response before it is sent; what it raises ends the call."""
Sending = Callable[[Any], AbstractContextManager[object]]
"""Stands around the sending of one response of a stream."""

_WELL = (None, 0, grpc.StatusCode.OK)
_SERVE = "serve"
"""Of functions made here: what they are to one another. For gRPC each is a coroutine, which takes its time to run."""


def _as_it_is(_response: Any) -> AbstractContextManager[object]:
    return nullcontext()


@dataclass(kw_only=True, slots=True, eq=False)
class Call:
    """One call, seen from the outside of its handler."""

    method: str
    """"/package.Service/Method"."""
    request: Any
    """The request; where requests are streamed, an async iterator of them."""
    context: Any
    """gRPC's ServicerContext."""
    serve: Serve
    streams_responses: bool
    encode: Callable[[Any], bytes] | None = None
    """Where the one response is to become bytes within `proceed`, so that what is no response fails there."""

    @property
    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """What the caller sent beside the request; read anew each time."""
        return tuple(self.context.invocation_metadata() or ())

    def proceed(self, *, each: Each | None = None, sending: Sending = _as_it_is) -> Awaitable[Any]:
        """Let the handler serve; gives its response, or None where it streams them.

        `each` sees every response. What is streamed is written within `sending(response)`.
        """
        if self.streams_responses:
            is_seen = each is not None or sending is not _as_it_is
            context = _SeenWrites(self.context, each, sending) if is_seen else self.context
            return self.serve(self.request, context)
        if each is None and self.encode is None:
            return self.serve(self.request, self.context)
        return self._seen(each)

    async def _seen(self, each: Each | None) -> Any:
        """Return the one response, once it was looked at and encoded."""
        response = await self.serve(self.request, self.context)
        if each is not None and response is not None:
            each(response)
        if self.encode is None or self.context.code() not in _WELL:
            return response  # with another code, gRPC sends none
        return self.encode(response)


class Interceptor:
    """Stands around every call of every service: `around` says how. gRPC knows it as a link of a `Chain`.

    What fails further in before there is a handler (an interceptor that raises) fails in `proceed`, as the call itself
    would.
    """

    encodes: ClassVar[bool] = False
    """Whether responses become bytes inside of this one: for the outermost."""

    async def around(self, call: Call) -> Any:
        """Return the response to a call, by `call.proceed()`, or raise."""
        return await call.proceed()

    def wrapped(self, handler: Any, method: str) -> Any:
        """Return a handler of the same kind with this around it: the same for every call of the method."""
        return wrap(handler, method, self.around, encodes=self.encodes)


def wrap(handler: Any, method: str, around: Around, *, encodes: bool = False) -> Any:
    """Return a handler of the same kind; whatever the old one is, the new one's function is a coroutine."""
    make, serve = _kind(handler)
    further = _serving(serve, streams=handler.response_streaming)
    # Of a stream, each response is encoded as it is written, which is within the call anyway.
    within = encodes and not handler.response_streaming

    encode = handler.response_serializer or _same_bytes if within else None
    streams = handler.response_streaming

    def begin(request: Any, context: Any) -> Awaitable[Any]:
        return around(
            Call(
                method=method,
                request=request,
                context=context,
                serve=further,
                streams_responses=streams,
                encode=encode,
            )
        )

    async def served(request: Any, context: Any) -> Any:
        return await begin(request, context)

    setattr(served, _SERVE, begin)
    return make(
        served,
        request_deserializer=_decoder(handler),
        response_serializer=None if within else handler.response_serializer,
    )


def _kind(handler: Any) -> tuple[Callable[..., Any], Method]:
    """Return how to make a handler of the same kind, and its function."""
    if handler.request_streaming and handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler, handler.stream_stream
    if handler.request_streaming:
        return grpc.stream_unary_rpc_method_handler, handler.stream_unary
    if handler.response_streaming:
        return grpc.unary_stream_rpc_method_handler, handler.unary_stream
    return grpc.unary_unary_rpc_method_handler, handler.unary_unary


def _serving(serve: Method, *, streams: bool) -> Serve:
    """Return how a handler's function serves: one that was made here, or somebody's, of whatever kind."""
    begin: Serve | None = getattr(serve, _SERVE, None)
    if begin is not None:  # a request that cannot be parsed is handed on as far as these reach
        return begin
    yields = streams and inspect.isasyncgenfunction(serve)
    is_async = yields or inspect.iscoroutinefunction(serve)

    def run(request: Any, context: Any) -> Awaitable[Any]:
        if isinstance(request, _Malformed):
            raise request.error
        if not is_async:
            raise _not_async(serve)
        found: Awaitable[Any] = _written(serve, request, context) if yields else serve(request, context)
        return found

    return run


def reading(handler: Any, read: Read, *, holding: Callable[[int], AbstractContextManager[object]]) -> Any:
    """Return a handler of streamed requests for one that takes a single one: the same on the wire.

    Its one message is what `read(context)` gives; `holding(its size)` stands around the handler as it serves.
    """
    _, serve = _kind(handler)
    decode = _decoder(handler) or bytes
    streams = handler.response_streaming
    further = _serving(serve, streams=streams)
    make = grpc.stream_stream_rpc_method_handler if streams else grpc.stream_unary_rpc_method_handler

    async def served(_requests: Any, context: Any) -> Any:
        data = await read(context)
        with holding(len(data)):
            request = decode(data)
            note_request(None if isinstance(request, _Malformed) else request, size=len(data))
            return await further(request, context)

    return make(served, response_serializer=handler.response_serializer)


async def _written(serve: Method, request: Any, context: Any) -> None:
    """Write what a generator yields; a coroutine writes by itself."""
    # Closed at once when the caller leaves while a response is written, so that its own cleanup is not left to the
    # garbage collector.
    async with aclosing(serve(request, context)) as responses:
        async for response in responses:
            await context.write(response)


class _SeenWrites:
    """A context whose written responses are looked at, and written within a block."""

    def __init__(self, context: Any, each: Each | None, sending: Sending) -> None:
        self._context = context
        self._each = each
        self._sending = sending

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    async def write(self, response: Any) -> None:
        if self._each is not None:
            self._each(response)
        with self._sending(response):
            await self._context.write(response)


@dataclass(frozen=True)
class _Malformed:
    """Stands for a request that cannot be parsed until there is a call in which to say so."""

    error: InspectorError


@dataclass(frozen=True)
class _Decoder:
    """Parses requests; what is no message, or holds too much, is the caller's error, and never gRPC's own report."""

    decode: Callable[[bytes], Any]
    streamed: bool

    def __call__(self, data: bytes) -> Any:
        try:
            return self._read(data)
        except InspectorError as error:
            if self.streamed:  # parsed while the handler reads: it is raised there
                raise
            return _Malformed(error)

    def _read(self, data: bytes) -> Any:
        try:
            request = self.decode(data)
        except Exception as error:
            raise malformed(len(data)) from error
        if isinstance(request, Message):
            require_bounded(request)
        return request


def _decoder(handler: Any) -> Any:
    decode = handler.request_deserializer
    if decode is None or isinstance(decode, _Decoder):
        return decode
    return _Decoder(decode, streamed=handler.request_streaming)


def _same_bytes(response: Any) -> bytes:
    """Encode what needs no encoding."""
    if not isinstance(response, bytes):
        raise TypeError(f"The handler returned {type(response).__name__}, and no bytes.")
    return response


def raising(error: Exception) -> Any:
    """Return a handler that raises; it needs no request, so that it can stand for one of any kind."""

    async def serve(_request: Any, _context: Any) -> None:
        raise error

    return grpc.stream_stream_rpc_method_handler(serve)


def _not_async(serve: Method) -> TypeError:
    return TypeError(
        f"{serve!r} is neither a coroutine function nor an async generator function; a blocking function would hold "
        "up all calls. Write it with `async def`, and what blocks into a thread."
    )
