"""The one message of a request: read by a deadline, of few at a time per caller, within a budget of bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from inspector.errors import DeadlineExceededError, InvalidInputError
from inspector.service.budget import ByteBudget
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
        self._seconds = seconds
        self._arrivals = Arrivals(arriving_per_caller)
        self._budget = budget

    def wrapped(self, handler: Any, method: str) -> Any:  # noqa: ARG002 — the same for all
        """Return a handler that reads its request itself."""
        return handler if handler.request_streaming else reading(handler, self._request)

    @asynccontextmanager
    async def _request(self, context: Any) -> AsyncIterator[bytes]:
        data = await self._read(context)
        with self._budget.holding(len(data)):
            yield data

    async def _read(self, context: Any) -> bytes:
        try:
            async with asyncio.timeout(self._seconds), self._arrivals.of(current_caller().key):
                data = await context.read()
        except TimeoutError:
            raise DeadlineExceededError(
                f"The request has not come {self._seconds:g} s after its call began. Send it at once, or over a faster "
                "line.",
                reason="REQUEST_STALLED",
            ) from None
        if not isinstance(data, bytes):  # grpc.aio.EOF
            raise InvalidInputError(
                "The call ended before its request came. Send one message.", reason="MALFORMED_REQUEST"
            )
        return data


class Arrivals:
    """Lets few requests of each caller arrive at the same time: of the others, gRPC takes only the first bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._callers: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def of(self, caller: str) -> AsyncIterator[None]:
        """Arrive, for the length of a block."""
        free, users = self._callers.get(caller) or (asyncio.Semaphore(self._most), 0)
        self._callers[caller] = free, users + 1
        try:
            async with free:
                yield
        finally:
            _, users = self._callers[caller]
            if users == 1:
                del self._callers[caller]  # callers come and go
            else:
                self._callers[caller] = free, users - 1
