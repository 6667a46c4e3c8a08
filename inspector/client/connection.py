"""One connection: calls with a deadline, which come again where that may help, and whose failures are our errors."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from inspector.client.asking import Limits
from inspector.client.calls import Call, Messages, Pages
from inspector.client.channel import method_of
from inspector.client.endpoint import Endpoint
from inspector.client.errors import error_of, is_answer
from inspector.client.retries import Attempts
from inspector.errors import ConflictError, InspectorError
from inspector.types.control import FREE, NEVER, Cancellation, Control
from inspector.wire.calls import Rpc

T = TypeVar("T")


class Connection:
    """A channel to a server, and the calls on it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.address = endpoint.address
        self.limits = Limits(bytes=endpoint.max_message_bytes)
        self._endpoint = endpoint
        self._has_answered = False
        self._closed = False
        self._end = Cancellation()
        self._channel = endpoint.channel()
        self._methods: dict[Rpc, Any] = {}

    def do(self, call: Call[T], control: Control = FREE) -> T:
        """Return what the answer of a call says."""
        return call.read(self.ask(call.rpc, call.message, control))

    def pages(self, pages: Pages[T]) -> tuple[T, ...]:
        """Return the entries of all pages of a list."""
        while not pages.are_complete:
            pages.add(self.ask(pages.rpc, pages.message))
        return pages.entries

    def ask(self, rpc: Rpc, request: Message | bytes | Messages, control: Control = FREE) -> Any:
        """Return the response to a request, or to several; the control's cancellation ends the call."""
        attempts = self._attempts(rpc, control)
        while True:
            try:
                return self._once(rpc, request, control, attempts.seconds_left())
            except InspectorError as error:
                seconds = attempts.delay(error, was_connected=self._has_answered)
            self._wait(seconds, control)

    def follow(self, rpc: Rpc, message: Message | bytes, control: Control) -> Generator[Any, None, None]:
        """Yield the responses of a call that tells its progress; the control's cancellation ends it.

        One that fails comes again, from its beginning, as long as nobody was told how far it is.
        """
        attempts = self._attempts(rpc, control)
        while True:
            told = False
            try:
                with closing(self._responses(rpc, message, control, attempts.seconds_left())) as responses:
                    for response in responses:
                        told = True
                        yield response
            except InspectorError as error:
                if told and control.progress is not None:
                    raise
                seconds = attempts.delay(error, was_connected=self._has_answered)
            else:
                return
            self._wait(seconds, control)

    def close(self) -> None:
        """End the connection, and the calls that run on it or wait to come again."""
        self._closed = True
        self._end.cancel()
        self._channel.close()

    def _attempts(self, rpc: Rpc, control: Control) -> Attempts:
        self._require_open()
        return self._endpoint.attempts(rpc, control)

    def _once(self, rpc: Rpc, request: Any, control: Control, seconds: float | None) -> Any:
        method, asked = self._method(rpc), request() if rpc.takes_stream else request
        if control.cancellation is NEVER:  # a call that need not be ended from outside is made faster
            with self._translated():
                return method(asked, timeout=seconds)
        control.cancellation.raise_if_cancelled()
        future = method.future(asked, timeout=seconds)
        try:
            with self._translated(), control.cancellation.stopping(future.cancel):
                return future.result()
        except (grpc.FutureCancelledError, InspectorError):
            control.cancellation.raise_if_cancelled()
            raise
        finally:
            future.cancel()  # does something only where nobody waits for it any more

    def _responses(
        self, rpc: Rpc, message: Message | bytes, control: Control, seconds: float | None
    ) -> Generator[Any, None, None]:
        control.cancellation.raise_if_cancelled()
        responses = self._method(rpc)(message, timeout=seconds)
        try:
            with self._translated(), control.cancellation.stopping(responses.cancel):
                yield from responses
        except InspectorError:
            control.cancellation.raise_if_cancelled()
            raise
        finally:
            responses.cancel()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise failures as our errors, and note that somebody has answered."""
        try:
            yield
        except grpc.RpcError as failure:
            self._has_answered |= is_answer(failure)
            raise error_of(failure, address=self.address) from None
        self._has_answered = True

    def _wait(self, seconds: float, control: Control) -> None:
        """Let time pass before a call comes again; a cancellation, or the connection's end, ends the wait at once."""
        woken = threading.Event()
        with self._end.stopping(woken.set), control.cancellation.stopping(woken.set):
            woken.wait(seconds)
        control.cancellation.raise_if_cancelled()
        self._require_open()

    def _method(self, rpc: Rpc) -> Any:
        """Return what makes a call."""
        self._require_open()
        if rpc not in self._methods:
            self._methods[rpc] = method_of(self._channel, rpc)
        return self._methods[rpc]

    def _require_open(self) -> None:
        if self._closed:
            raise ConflictError(
                f"The client of {self.address} was closed; make a new one.", reason="CLIENT_CLOSED"
            )
