"""One connection: calls with a deadline, whose failures are our errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import grpc

from inspector.client.errors import error_of
from inspector.v1 import (
    embedding_service_pb2_grpc,
    inspection_service_pb2_grpc,
    model_service_pb2_grpc,
)

T = TypeVar("T")


class Connection:
    """A channel to a server and the stubs of its services."""

    def __init__(self, address: str, *, timeout: float | None, max_message_bytes: int) -> None:
        self.address = address
        self._timeout = timeout
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", max_message_bytes),
                ("grpc.max_send_message_length", max_message_bytes),
            ],
        )
        self.models = model_service_pb2_grpc.ModelServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self.inspection = inspection_service_pb2_grpc.InspectionServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self.embedding = embedding_service_pb2_grpc.EmbeddingServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def call(self, method: Any, request: Any) -> Any:
        """Return the response to a request, or to a stream of them."""
        try:
            return method(request, timeout=self._timeout)
        except grpc.RpcError as error:
            raise error_of(error, address=self.address) from None

    def stream(self, method: Any, request: Any) -> Iterator[Any]:
        """Yield the responses; when the caller stops before the last one, the call is cancelled."""
        responses = method(request, timeout=self._timeout)
        try:
            yield from responses
        except grpc.RpcError as error:
            raise error_of(error, address=self.address) from None
        finally:
            responses.cancel()

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
        self._channel.close()
