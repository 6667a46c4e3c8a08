"""One connection: calls with a deadline, whose failures are our errors."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from inspector.client.endpoint import Endpoint
from inspector.client.errors import error_of
from inspector.errors import ConflictError
from inspector.types.control import FREE, NEVER, Control
from inspector.v1 import (
    collection_service_pb2_grpc,
    inspection_service_pb2_grpc,
    model_service_pb2_grpc,
)
from inspector.wire.calls import Rpc

T = TypeVar("T")


class Connection:
    """A channel to a server and the stubs of its services."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.address = endpoint.address
        self._timeout = endpoint.timeout
        self._closed = False
        self._channel = endpoint.channel()
        self.models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self.inspection = inspection_service_pb2_grpc.InspectionServiceStub(self._channel)
        self.collections = collection_service_pb2_grpc.CollectionServiceStub(self._channel)

    def call(self, method: Any, request: Any, control: Control = FREE) -> Any:
        """Return the response to a request, or to a stream of them; the control's cancellation ends the call."""
        self._require_open()
        seconds = self._seconds(control)
        if control.cancellation is NEVER:  # a call that need not be ended from outside is made faster
            try:
                return method(request, timeout=seconds)
            except grpc.RpcError as error:
                raise error_of(error, address=self.address) from None
        control.cancellation.raise_if_cancelled()
        future = method.future(request, timeout=seconds)
        try:
            with control.cancellation.stopping(future.cancel):
                return future.result()
        except grpc.FutureCancelledError:
            control.cancellation.raise_if_cancelled()
            raise
        except grpc.RpcError as error:
            control.cancellation.raise_if_cancelled()
            raise error_of(error, address=self.address) from None
        finally:
            future.cancel()  # does something only where nobody waits for it any more

    def ask(self, call: Rpc, message: Message, control: Control) -> Any:
        """Return the response of a call that answers once."""
        return self.call(self._method(call), message, control)

    def follow(self, call: Rpc, message: Message, control: Control) -> Generator[Any, None, None]:
        """Yield the responses of a call that tells its progress; the control's cancellation ends it."""
        control.cancellation.raise_if_cancelled()
        responses = self._method(call)(message, timeout=self._seconds(control))
        try:
            with control.cancellation.stopping(responses.cancel):
                yield from responses
        except grpc.RpcError as error:
            control.cancellation.raise_if_cancelled()
            raise error_of(error, address=self.address) from None
        finally:
            responses.cancel()

    def _method(self, call: Rpc) -> Any:
        self._require_open()
        return getattr(self.inspection, call.name)

    def _require_open(self) -> None:
        if self._closed:
            raise ConflictError(
                f"The client of {self.address} was closed; make a new one.", reason="CLIENT_CLOSED"
            )

    def _seconds(self, control: Control) -> float | None:
        return self._timeout if control.timeout is None else control.timeout

    def pages(self, method: Any, request: Any, field: str) -> Iterator[Any]:
        """Yield the entries of all pages of a list."""
        while True:
            response = self.call(method, request)
            yield from getattr(response, field)
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def close(self) -> None:
        """End the connection, and the calls that run on it."""
        self._closed = True
        self._channel.close()
