"""The one message of a request: read by a deadline, of few at a time per caller, within a budget of bytes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from inspector.errors import DeadlineExceededError, InvalidInputError
from inspector.service.arrivals import Arrivals
from inspector.service.budget import ByteBudget
from inspector.service.interceptors.slots import HEALTH
from inspector.service.interceptors.wrapping import Interceptor, reading
from inspector.service.security.caller import current_caller


class ReceivingInterceptor(Interceptor):
    """Takes a request of one message from the network itself.

    gRPC calls a handler of one request only once the request is there: a caller that never sends it holds a place, and
    no interceptor knows. So such handlers are offered to gRPC as if requests were streamed, which is the same on the
    wire, and the message is read here. What stands further out sees the call as soon as its headers have come, and no
    request. Streamed requests pass as they are: their handlers have deadlines of their own.
    """

    def __init__(self, *, seconds: float, arriving_per_caller: int, budget: ByteBudget) -> None:
        """A request has `seconds` to arrive; all that wait or run hold their bytes of `budget`."""
        self._arrivals = Arrivals(arriving_per_caller, seconds=seconds)
        self._budget = budget

    def wrapped(self, handler: Any, method: str) -> Any:
        """Return a handler that reads its request itself."""
        if handler.request_streaming:
            return handler
        # A question for health is short, and waits for nobody's but those of its own connection.
        by_connection = method.startswith(HEALTH)

        @asynccontextmanager
        async def request(context: Any) -> AsyncIterator[bytes]:
            caller = current_caller()
            data = await self._read(context, who=caller.peer if by_connection else caller.key)
            with self._budget.holding(len(data)):
                yield data

        return reading(handler, request)

    async def _read(self, context: Any, *, who: str) -> bytes:
        began = time.monotonic()
        try:
            async with self._arrivals.of(who):
                data = await context.read()
        except TimeoutError:
            raise DeadlineExceededError(
                f"The request has not come {time.monotonic() - began:.0f} s after its call began. Send it at once, or "
                "over a faster line.",
                reason="REQUEST_STALLED",
            ) from None
        if not isinstance(data, bytes):  # grpc.aio.EOF
            raise InvalidInputError(
                "The call ended before its request came. Send one message.", reason="MALFORMED_REQUEST"
            )
        return data
