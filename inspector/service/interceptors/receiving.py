"""The one message of a request: read by a deadline, few at a time, within a budget of bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import nullcontext
from typing import Any

from inspector.errors import DeadlineExceededError, InvalidInputError
from inspector.service.interceptors.slots import HEALTH
from inspector.service.interceptors.wrapping import Interceptor, reading
from inspector.service.security.caller import current_caller
from inspector.service.traffic import Traffic

HEALTH_SECONDS = 5.0
"""How long the few bytes of a health probe may take."""


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
        if method.startswith(HEALTH):
            return reading(handler, _of_health, holding=nullcontext)
        return reading(handler, self._of_call, holding=self._traffic.requests.holding)

    async def _of_call(self, context: Any) -> bytes:
        arrivals, caller, peer = self._traffic.arrivals, current_caller().key, context.peer()
        data = await _whole(arrivals.take(context.read, caller=caller, peer=peer))
        arrivals.came(len(data), caller=caller, peer=peer)
        return data


async def _of_health(context: Any) -> bytes:
    async def read() -> Any:
        async with asyncio.timeout(HEALTH_SECONDS):
            return await context.read()

    return await _whole(read())


async def _whole(arriving: Awaitable[Any]) -> bytes:
    """Return the message that arrives; raises where it does not, or not in time (TimeoutError)."""
    try:
        data = await arriving
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
