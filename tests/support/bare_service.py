"""A service of another package than ours, whose handlers a test writes: without generated code or serializers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from tests.support.patience import PATIENCE

SERVICE = "elsewhere.Service"
MAKE = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


@dataclass(frozen=True)
class Answer:
    """How a call ended, and what came before."""

    responses: list[bytes]
    code: grpc.StatusCode
    message: str
    info: Any
    trailing: dict[str, str | bytes]


@dataclass(frozen=True)
class Caller:
    """Calls the one method of the service."""

    channel: grpc.aio.Channel
    requests: bool
    responses: bool

    def start(self, *sent: bytes, metadata: Sequence[tuple[str, str]] = ()) -> Any:
        """Begin a call."""
        kinds = {True: "stream", False: "unary"}
        call = getattr(self.channel, f"{kinds[self.requests]}_{kinds[self.responses]}")(f"/{SERVICE}/Method")
        given = _each(sent) if self.requests else (sent or (b"request",))[0]
        return call(given, timeout=PATIENCE, metadata=metadata)

    async def ask(self, *sent: bytes, metadata: Sequence[tuple[str, str]] = ()) -> Answer:
        """Call, and return what came of it."""
        call = self.start(*sent, metadata=metadata)
        received = []
        try:
            if self.responses:
                async for response in call:
                    received += [response]  # what came before a failure stays
            else:
                received.append(await call)
        except grpc.aio.AioRpcError as error:
            trailing = dict(error.trailing_metadata())
            return Answer(received, error.code(), error.details() or "", _info(trailing), trailing)
        return Answer(
            received, await call.code(), await call.details(), None, dict(await call.trailing_metadata())
        )


@asynccontextmanager
async def serving(
    method: Any,
    *interceptors: grpc.aio.ServerInterceptor,
    requests: bool = False,
    responses: bool = False,
    decode: Any = None,
    encode: Any = None,
) -> AsyncIterator[Caller]:
    """Serve one method behind these interceptors, outermost first, and give who calls it."""
    server = grpc.aio.server(interceptors=interceptors)
    handler = MAKE[requests, responses](method, request_deserializer=decode, response_serializer=encode)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Method": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Caller(channel, requests, responses)
    finally:
        await server.stop(0)


def _info(trailing: dict[str, str | bytes]) -> error_details_pb2.ErrorInfo | None:
    status = status_pb2.Status.FromString(trailing.get("grpc-status-details-bin", b""))
    info = error_details_pb2.ErrorInfo()
    return info if any(packed.Unpack(info) for packed in status.details) else None


async def _each(sent: tuple[bytes, ...]) -> AsyncIterator[bytes]:
    for message in sent:
        yield message
