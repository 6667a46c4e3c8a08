"""A service of another package than ours, whose handlers a test writes: without generated code or serializers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from tests.support.patience import PATIENCE

SERVICE = "elsewhere.Service"
METHOD = f"/{SERVICE}/Method"
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

    address: str
    channel: grpc.aio.Channel
    requests: bool
    responses: bool

    @property
    def _kind(self) -> str:
        kinds = {True: "stream", False: "unary"}
        return f"{kinds[self.requests]}_{kinds[self.responses]}"

    def start(self, *sent: bytes, metadata: Sequence[tuple[str, str]] = ()) -> Any:
        """Begin a call."""
        given = _each(sent) if self.requests else (sent or (b"request",))[0]
        return getattr(self.channel, self._kind)(METHOD)(given, timeout=PATIENCE, metadata=metadata)

    async def ask(self, *sent: bytes, metadata: Sequence[tuple[str, str]] = ()) -> Answer:
        """Call, and return what came of it.

        By a blocking channel: where a call is refused while its requests are still written, one of `grpc.aio` may tell
        of the failed write ("Internal error from Core") instead of the status that was sent.
        """
        return await asyncio.to_thread(self._ask, sent, metadata)

    def _ask(self, sent: Sequence[bytes], metadata: Sequence[tuple[str, str]]) -> Answer:
        received: list[bytes] = []
        with grpc.insecure_channel(self.address) as channel:
            method = getattr(channel, self._kind)(METHOD)
            given: Any = iter(sent) if self.requests else (sent or (b"request",))[0]
            try:
                if self.responses:
                    call = method(given, timeout=PATIENCE, metadata=metadata)
                    for response in call:
                        received += [response]  # what came before a failure stays
                else:
                    response, call = method.with_call(given, timeout=PATIENCE, metadata=metadata)
                    received += [response]
            except grpc.RpcError as error:
                call = error
            trailing: dict[str, str | bytes] = dict(call.trailing_metadata())
            return Answer(received, call.code(), call.details() or "", _info(trailing), trailing)


@asynccontextmanager
async def serving(
    method: Any,
    *interceptors: grpc.aio.ServerInterceptor,
    requests: bool = False,
    responses: bool = False,
    decode: Any = None,
    encode: Any = None,
    name: str = SERVICE,
) -> AsyncIterator[Caller]:
    """Serve one method behind these interceptors, outermost first, and give who calls it."""
    server = grpc.aio.server(interceptors=interceptors)
    handler = MAKE[requests, responses](method, request_deserializer=decode, response_serializer=encode)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Method": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        address = f"127.0.0.1:{port}"
        async with grpc.aio.insecure_channel(address) as channel:
            yield Caller(address, channel, requests, responses)
    finally:
        await server.stop(0)


def _info(trailing: dict[str, str | bytes]) -> error_details_pb2.ErrorInfo | None:
    status = status_pb2.Status.FromString(trailing.get("grpc-status-details-bin", b""))
    info = error_details_pb2.ErrorInfo()
    return info if any(packed.Unpack(info) for packed in status.details) else None


async def _each(sent: tuple[bytes, ...]) -> AsyncIterator[bytes]:
    for message in sent:
        yield message
