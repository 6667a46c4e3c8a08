"""A bare gRPC server that answers so many bytes to whatever it is sent: what gRPC alone takes to carry a call.

python -m benchmarks.echo BYTES: prints its address, and serves until it is terminated.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import grpc

from inspector.client.endpoint import MAX_MESSAGE_BYTES

METHOD = "/benchmarks.Echo/Answer"
OPTIONS = (("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),)


async def serve(answer: bytes) -> None:
    """Answer every call with the same bytes."""

    async def handle(_request: bytes, _context: Any) -> bytes:
        return answer

    _, service, method = METHOD.split("/")
    server = grpc.aio.server(options=OPTIONS)
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        method: grpc.unary_unary_rpc_method_handler(handle)
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(bytes(int(sys.argv[1]))))
