"""One connection of an event loop: calls with a deadline, which come again as those of threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from inspector.client.asking import Limits
from inspector.client.calls import Call, Messages, Pages
from inspector.client.channel import method_of
from inspector.client.endpoint import Endpoint
from inspector.client.errors import error_of, is_answer
from inspector.errors import ConflictError, InspectorError
from inspector.types.control import FREE, Control
from inspector.wire.calls import Rpc

T = TypeVar("T")


class AsyncConnection:
    """A channel to a server, and the calls on it. A task that is cancelled ends its call, and its wait."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.address = endpoint.address
        self.limits = Limits(bytes=endpoint.max_message_bytes)
        self._endpoint = endpoint
        self._has_answered = False
        self._closed = False
        self._channel: grpc.aio.Channel | None = None
        self._methods: dict[Rpc, Any] = {}

    async def do(self, call: Call[T], control: Control = FREE) -> T:
        """Return what the answer of a call says."""
        return call.read(await self.ask(call.rpc, call.message, control))

    async def pages(self, pages: Pages[T]) -> tuple[T, ...]:
        """Return the entries of all pages of a list."""
        while not pages.are_complete:
            pages.add(await self.ask(pages.rpc, pages.message))
        return pages.entries

    async def ask(self, rpc: Rpc, request: Message | bytes | Messages, control: Control = FREE) -> Any:
        """Return the response to a request, or to several."""
        attempts = self._endpoint.attempts(rpc, control)
        while True:
            try:
                with self._translated():
                    asked: Any = _each(request) if callable(request) else request
                    return await self._method(rpc)(
                        asked, timeout=attempts.seconds_left(), metadata=self._endpoint.call_metadata()
                    )
            except InspectorError as error:
                seconds = attempts.delay(error, was_connected=self._has_answered)
            await asyncio.sleep(seconds)

    async def follow(self, rpc: Rpc, message: Message | bytes, control: Control) -> AsyncGenerator[Any, None]:
        """Yield the responses of a call that tells its progress; to leave them ends the call.

        One that fails comes again, from its beginning, as long as nobody was told how far it is.
        """
        attempts = self._endpoint.attempts(rpc, control)
        while True:
            told = False
            responses = self._method(rpc)(
                message, timeout=attempts.seconds_left(), metadata=self._endpoint.call_metadata()
            )
            try:
                with self._translated():
                    async for response in responses:
                        told = True
                        yield response
            except InspectorError as error:
                if told and control.progress is not None:
                    raise
                seconds = attempts.delay(error, was_connected=self._has_answered)
            else:
                return
            finally:
                responses.cancel()
            await asyncio.sleep(seconds)

    async def close(self) -> None:
        """End the connection, and the calls that run on it."""
        self._closed = True
        if self._channel is not None:
            await self._channel.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise failures as our errors, and note that somebody has answered."""
        try:
            yield
        except grpc.RpcError as failure:
            self._has_answered |= is_answer(failure)
            raise error_of(failure, address=self.address) from None
        except asyncio.CancelledError:
            if self._closed:  # it is the connection that ended, and nobody's task
                raise self._gone() from None
            raise
        self._has_answered = True

    def _method(self, rpc: Rpc) -> Any:
        """Return what makes a call; the channel belongs to the loop that first asks."""
        if self._closed:
            raise self._gone()
        if self._channel is None:
            self._channel = self._endpoint.opened(grpc.aio)
        if rpc not in self._methods:
            self._methods[rpc] = method_of(self._channel, rpc)
        return self._methods[rpc]

    def _gone(self) -> ConflictError:
        return ConflictError(
            f"The client of {self.address} was closed; make a new one.", reason="CLIENT_CLOSED"
        )


async def _each(messages: Messages) -> AsyncIterator[Any]:
    """Yield what is read from a file, in threads: the loop goes on meanwhile."""
    found = messages()
    while (message := await asyncio.to_thread(next, found, None)) is not None:
        yield message
