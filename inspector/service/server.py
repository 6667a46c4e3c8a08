"""The server: what listens, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from inspector.collections.stores.memory import MemoryStore
from inspector.errors import ConflictError, InspectorError, InvalidInputError
from inspector.service.calls import Calls
from inspector.service.embedding_servicer import EmbeddingServicer
from inspector.service.executor import Executor
from inspector.service.gate import Gate
from inspector.service.health import Health
from inspector.service.hosting import Models
from inspector.service.inspection_servicer import InspectionServicer
from inspector.service.interceptors.errors import ErrorInterceptor
from inspector.service.model_servicer import ModelServicer
from inspector.service.reflection import Reflection
from inspector.service.repository import Repository
from inspector.service.sandbox import Sandbox
from inspector.service.settings import Settings
from inspector.v1 import (
    embedding_service_pb2,
    embedding_service_pb2_grpc,
    inspection_service_pb2,
    inspection_service_pb2_grpc,
    model_service_pb2,
    model_service_pb2_grpc,
)

log = logging.getLogger(__name__)

SERVICES = tuple(
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (model_service_pb2, "ModelService"),
        (inspection_service_pb2, "InspectionService"),
        (embedding_service_pb2, "EmbeddingService"),
    )
)

REFLECTED = (
    *SERVICES,
    health_pb2.DESCRIPTOR.services_by_name["Health"].full_name,
    reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"].full_name,
)


class Server:
    """One server on one address, with one repository. Made by `start`; for the event loop that made it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._health = Health(SERVICES, watchers=_standing("health watchers", settings))
        self._repository = Repository(settings.repository)
        self._executor = Executor(workers=settings.workers)
        self._sandbox = Sandbox(seconds=settings.sandbox_seconds, memory_bytes=settings.sandbox_memory_bytes)
        self.models = Models(self._repository, sandbox=self._sandbox, health=self._health, settings=settings)
        self._grpc = self._listening()
        self.address = ""

    @classmethod
    async def start(cls, settings: Settings) -> Server:
        """Return a server that listens; `address` is host:port with the real port."""
        server = cls(settings)
        try:
            server.address = _bind(server._grpc, settings.address)
            await server._grpc.start()
            await server._load_first()
        except BaseException:
            await server.stop(grace=0)
            raise
        log.info("Serving on %s, models in %s", server.address, settings.repository)
        return server

    async def stop(self, *, grace: float | None = None) -> None:
        """Take no new calls, let running ones end for so many seconds, cancel the rest, and free everything."""
        self._health.drain()
        await self._grpc.stop(self._settings.drain_seconds if grace is None else grace)
        await self.models.close()
        await asyncio.to_thread(self._executor.close)
        self._repository.close()

    def _listening(self) -> Any:
        settings = self._settings
        server = grpc.aio.server(
            interceptors=[ErrorInterceptor(max_response_bytes=settings.max_message_bytes)],
            maximum_concurrent_rpcs=settings.max_concurrent_rpcs,
            options=[
                # Otherwise a second server takes the same port in silence, and each gets half of the calls.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", settings.max_message_bytes),
                ("grpc.max_send_message_length", settings.max_message_bytes),
                ("grpc.max_concurrent_streams", settings.max_streams_per_connection),
            ],
        )
        calls = Calls(self.models, self._executor, max_seconds=settings.max_call_seconds)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(  # type: ignore[no-untyped-call]
            ModelServicer(self.models, repository=self._repository, sandbox=self._sandbox, settings=settings),
            server,
        )
        inspection_service_pb2_grpc.add_InspectionServiceServicer_to_server(  # type: ignore[no-untyped-call]
            InspectionServicer(calls, max_images=settings.max_images, max_bytes=settings.max_message_bytes),
            server,
        )
        embedding_service_pb2_grpc.add_EmbeddingServiceServicer_to_server(  # type: ignore[no-untyped-call]
            EmbeddingServicer(
                calls,
                MemoryStore(max_bytes=settings.collections_bytes),
                gate=Gate("the collections", running=1, waiting=settings.waiting_per_model),
                max_items=settings.max_images,
            ),
            server,
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(
            Reflection(REFLECTED, callers=_standing("reflection", settings)), server
        )
        return server

    async def _load_first(self) -> None:
        """Load what the settings ask for; one that fails is logged, and the server serves the others."""
        wanted = (
            self.models.ids() if self._settings.load == "*" else filter(None, self._settings.load.split(","))
        )
        for identifier in wanted:
            try:
                await self.models.load(identifier.strip())
            except InspectorError as error:
                log.error("Model %s was not loaded: %s", identifier, error)  # noqa: TRY400 — no bug of ours


def serve(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain. `ready` is called with the address once calls are answered."""
    asyncio.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Callable[[str], None] | None) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    server = await Server.start(settings)
    if ready is not None:
        ready(server.address)
    await ending.wait()
    log.info("Draining for up to %g s", settings.drain_seconds)
    await server.stop()
    log.info("Stopped")


def _standing(what: str, settings: Settings) -> Gate:
    """Return a gate for streams that may stay open for ever, so that calls always find room beside them."""
    return Gate(what, running=max(1, settings.max_concurrent_rpcs // 4), waiting=0)


def _bind(server: Any, address: str) -> str:
    host, separator, number = address.rpartition(":")
    if not (host and separator and number.isdecimal()):
        raise InvalidInputError(
            f"The address {address!r} is not host:port, such as 127.0.0.1:50051; port 0 takes a free one.",
            field="address",
        )
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        port = 0
    if port == 0:
        raise ConflictError(
            f"The server cannot listen on {address!r}: it is in use, or no address of this machine. Take another, "
            "or port 0 for a free one.",
            reason="ADDRESS_IN_USE",
            field="address",
        )
    return f"{host}:{port}"
