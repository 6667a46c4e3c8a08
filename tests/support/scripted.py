"""A server of our services whose every call fails as a test has written, and then succeeds with nothing in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

from inspector.errors import InspectorError
from inspector.service.status import status_of
from inspector.wire.calls import COLLECTION_SERVICE, MODEL_SERVICE, SERVICE, Rpc, rpc_named
from tests.support.bare_service import MAKE

Failure = InspectorError | grpc.StatusCode | None
"""With the details that we send; as gRPC itself fails, without; or none."""

RPCS = {
    method.name: rpc_named(method.name, service=service)
    for service in (SERVICE, MODEL_SERVICE, COLLECTION_SERVICE)
    for method in service.methods
}


@dataclass
class Script:
    """What happens, and what has happened."""

    address: str = ""
    failures: list[Failure] = field(default_factory=list)
    """Of the next calls, in their order; those after them succeed."""
    before: dict[str, list[Any]] = field(default_factory=dict)
    """By the name of a call that answers with several messages: what comes before it fails."""
    answers: dict[str, Callable[[], Any]] = field(default_factory=dict)
    """By the name of a call: its response where it succeeds; else an empty one."""
    asked: list[tuple[str, Any]] = field(default_factory=list)
    """The name of each call, and its request or the list of them."""
    left: list[float] = field(default_factory=list)
    """How many seconds each call had."""
    metadata: list[dict[str, Any]] = field(default_factory=list)
    """What came beside each call."""
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """One for each call."""

    @property
    def names(self) -> list[str]:
        """The names of the calls."""
        return [name for name, _ in self.asked]

    def take(self, rpc: Rpc, request: Any, context: Any) -> Failure:
        """Note a call, and return how it fails."""
        self.asked.append((rpc.name, list(request) if rpc.takes_stream else request))
        self.left.append(context.time_remaining())
        self.metadata.append(dict(context.invocation_metadata()))
        self.came.release()
        return self.failures.pop(0) if self.failures else None

    def answer(self, rpc: Rpc) -> Any:
        """Return what a call answers."""
        return self.answers.get(rpc.name, rpc.response)()


@contextmanager
def scripted_server() -> Iterator[Script]:
    """Give a server's script."""
    script = Script()
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool)
        for service in (SERVICE, MODEL_SERVICE, COLLECTION_SERVICE):
            rpcs = [rpc for rpc in RPCS.values() if rpc.service == service.full_name]
            handlers = {rpc.name: _handler(script, rpc) for rpc in rpcs}
            server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service.full_name, handlers),)
            )
        script.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield script
        finally:
            server.stop(None).wait()


def _handler(script: Script, rpc: Rpc) -> Any:
    def once(request: Any, context: Any) -> Any:
        _fail(script.take(rpc, request, context), context)
        return script.answer(rpc)

    def several(request: Any, context: Any) -> Iterator[Any]:
        failure = script.take(rpc, request, context)
        yield from script.before.get(rpc.name, ())
        _fail(failure, context)
        yield script.answer(rpc)

    make = MAKE[rpc.takes_stream, rpc.is_stream]
    return make(
        several if rpc.is_stream else once,
        request_deserializer=rpc.request.FromString,
        response_serializer=rpc.response.SerializeToString,
    )


def _fail(failure: Failure, context: Any) -> None:
    if isinstance(failure, grpc.StatusCode):
        context.abort(failure, "as it is")
    elif failure is not None:
        status: status_pb2.Status = status_of(failure)
        context.abort_with_status(rpc_status.to_status(status))
