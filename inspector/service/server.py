"""The server: what listens, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Any

import grpc

from inspector.errors import ConflictError, InspectorError, InvalidInputError
from inspector.plugins import load_plugins
from inspector.service.calls import Calls
from inspector.service.executor import Executor
from inspector.service.health import Health
from inspector.service.hosting import Models
from inspector.service.interceptors.ring import ring
from inspector.service.repository import Repository
from inspector.service.sandbox import Sandbox
from inspector.service.services import NAMES, Parts, add_services, standing_streams
from inspector.service.settings import Settings

log = logging.getLogger(__name__)


class Server:
    """One server on one address, with one repository. Made by `start`; for the event loop that made it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._health = Health(NAMES, watchers=standing_streams("health watchers", settings))
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
            interceptors=ring(settings),
            maximum_concurrent_rpcs=settings.max_concurrent_rpcs,
            options=[
                # Otherwise a second server takes the same port in silence, and each gets half of the calls.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", settings.max_message_bytes),
                ("grpc.max_send_message_length", settings.max_message_bytes),
                ("grpc.max_concurrent_streams", settings.max_streams_per_connection),
            ],
        )
        add_services(
            server,
            Parts(
                settings=settings,
                health=self._health,
                repository=self._repository,
                sandbox=self._sandbox,
                models=self.models,
                calls=Calls(self.models, self._executor, max_seconds=settings.max_call_seconds),
            ),
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
    load_plugins()
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
