"""Server reflection, for so many callers at a time that those who stay for ever keep nobody else out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc
from grpc_reflection.v1alpha.reflection import aio

from inspector.service.gate import Gate
from inspector.service.status import BusyError


class Reflection(aio.ReflectionServicer):  # type: ignore[misc]  # untyped
    """The library's servicer behind a gate."""

    def __init__(self, services: Iterable[str], *, callers: Gate) -> None:
        super().__init__(services)
        self._callers = callers

    async def ServerReflectionInfo(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Any]:
        """Answer each request of a stream."""
        try:
            await self._callers.enter()
        except BusyError as error:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, error.message)
        try:
            async for response in super().ServerReflectionInfo(request_iterator, context):
                yield response
        finally:
            self._callers.leave()
