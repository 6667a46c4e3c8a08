"""The one message of a request: read by a deadline, few at a time, within a budget of bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from inspector.errors import DeadlineExceededError, InvalidInputError
from inspector.service.interceptors.slots import HEALTH
from inspector.service.interceptors.wrapping import Interceptor, reading
from inspector.service.security.caller import current_caller
from inspector.service.traffic import Traffic

HEALTH_SECONDS = 5.0
"""How long the few bytes of a health probe may take."""

Room = Callable[[Any], AbstractAsyncContextManager[object]]
"""Stands around the arrival of a request, by its context; raises TimeoutError where that takes too long."""


class ReceivingInterceptor(Interceptor):
    """Takes a request of one message from the network itself.

    gRPC calls a handler of one request only once the request is there: a caller that never sends it holds a place, and
    no interceptor knows. So such handlers are offered to gRPC as if requests were streamed, which is the same on the
    wire, and the message is read here. What stands further out sees the call as soon as its headers have come, and no
    request. Streamed requests pass as they are: their handlers have deadlines of their own.
    """

    def __init__(self, traffic: Traffic) -> None:
        """Let requests arrive as `traffic` has room; those of health wait for nobody."""
        self._traffic = traffic

    def wrapped(self, handler: Any, method: str) -> Any:
        """Return a handler that reads its request itself."""
        if handler.request_streaming:
            return handler
        return reading(handler, self._of_health if method.startswith(HEALTH) else self._of_call)

    @asynccontextmanager
    async def _of_health(self, context: Any) -> AsyncIterator[bytes]:
        yield await _read(context, lambda _: asyncio.timeout(HEALTH_SECONDS))

    @asynccontextmanager
    async def _of_call(self, context: Any) -> AsyncIterator[bytes]:
        data = await _read(context, self._room)
        self._traffic.arrivals.came(len(data), caller=current_caller().key, peer=context.peer())
        with self._traffic.requests.holding(len(data)):
            yield data

    def _room(self, context: Any) -> AbstractAsyncContextManager[object]:
        return self._traffic.arrivals.one(caller=current_caller().key, peer=context.peer())


async def _read(context: Any, room: Room) -> bytes:
    try:
        async with room(context):
            data = await context.read()
    except TimeoutError:
        raise DeadlineExceededError(
            "The request did not come in time after its call began. Send it at once, over a faster line, or in smaller "
            "parts.",
            reason="REQUEST_STALLED",
        ) from None
    if not isinstance(data, bytes):  # grpc.aio.EOF
        raise InvalidInputError(
            "The call ended before its request came. Send one message.", reason="MALFORMED_REQUEST"
        )
    return data
