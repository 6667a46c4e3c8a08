"""Server reflection, for so many callers at a time that those who stay for ever keep nobody else out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from grpc_reflection.v1alpha.reflection import aio

from inspector.service.gate import Gate


class Reflection(aio.ReflectionServicer):  # type: ignore[misc]  # untyped
    """The library's servicer behind a gate."""

    def __init__(self, services: Iterable[str], *, callers: Gate) -> None:
        super().__init__(services)
        self._callers = callers

    async def ServerReflectionInfo(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Any]:
        """Answer each request of a stream; BusyError where too many are open."""
        async with self._callers.passed():
            async for response in super().ServerReflectionInfo(request_iterator, context):
                yield response
