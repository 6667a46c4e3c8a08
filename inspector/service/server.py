"""The server: what listens, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Any

import grpc

from inspector.errors import InspectorError, within
from inspector.plugins import load_plugins
from inspector.service.calls import Calls
from inspector.service.collection_servicer import CollectionServicer
from inspector.service.connections import grpc_options, most_calls
from inspector.service.failures import log_failure
from inspector.service.health import Health
from inspector.service.hosting import Models
from inspector.service.interceptors.ring import ring
from inspector.service.names import MODELS
from inspector.service.observing.observing import Observing
from inspector.service.preflight import cannot_listen, require_usable, split_address
from inspector.service.reloading import Reloader
from inspector.service.repository import Repository
from inspector.service.sandbox import Sandbox
from inspector.service.security.caller import OPEN, acting_as
from inspector.service.security.exposure import tls_files
from inspector.service.security.tls import server_credentials
from inspector.service.services import NAMES, Parts, add_services, standing_streams
from inspector.service.settings import Settings
from inspector.service.traffic import Traffic
from inspector.service.workers.memory import machine_bytes
from inspector.service.workers.pool import Pool
from inspector.service.workers.starting import Bounds, Start, start_process

log = logging.getLogger(__name__)

ALL = "*"
"""In place of ids: all models of the repository."""


class Server:
    """One server on one address, with one repository. Made by `start`; for the event loop that made it."""

    def __init__(self, settings: Settings, start_worker: Start, start_look: Start) -> None:
        self._settings = settings
        self._health = Health(
            NAMES, watchers=standing_streams("health watchers", settings.max_health_rpcs // 2)
        )
        self._repository = Repository(settings.repository)
        self._pool = self._made_pool(start_worker)
        self._looking = self._pool if start_worker is start_look else self._made_pool(start_look)
        self._sandbox = Sandbox(
            self._looking.take,
            seconds=settings.sandbox_seconds,
            memory_bytes=settings.sandbox_memory_bytes,
            limits=settings.limits,
        )
        self.models = Models(
            self._repository, pool=self._pool, sandbox=self._sandbox, health=self._health, settings=settings
        )
        self._traffic = Traffic(settings)
        self.observing = Observing(settings, self._traffic)
        self.observing.metrics.ask(self.models.samples)
        self.observing.metrics.ask(self._pool.samples)
        self._calls = Calls(self.models, max_seconds=settings.max_call_seconds)
        self._collections = CollectionServicer(self._calls, self.models, self._pool, settings=settings)
        self._grpc = self._listening()
        self.address = ""

    @classmethod
    async def start(
        cls, settings: Settings, *, start_worker: Start = start_process, start_look: Start = start_process
    ) -> Server:
        """Return a server that listens; `address` is host:port with the real port.

        `start_worker` starts the workers that run models, `start_look` those that look at a new one, for which nobody
        vouches, first: processes, unless somebody who tests wants them elsewhere.
        """
        require_usable(settings)
        server = cls(settings, start_worker, start_look)
        try:
            with acting_as(OPEN):
                server._require_known()
            server.observing.start(ready=server._health.is_serving)
            server._pool.prepare()
            await server.models.tenancy.open()
            server.address = _bind(server._grpc, settings)
            await server._grpc.start()
            with acting_as(OPEN):
                await server._load_first()
            server.models.open()
            server._follow_repository()
        except BaseException:
            await server.stop(grace=0)
            raise
        log.info("Serving on %s, models in %s", server.address, settings.repository)
        return server

    def _follow_repository(self) -> None:
        if every := self._settings.repository_poll_seconds:
            reloader = Reloader(self.models, self._repository, loads=self._settings.load.strip() == ALL)
            self._pool.keep(reloader.run(every=every))

    async def stop(self, *, grace: float | None = None) -> None:
        """Take no new calls, let running ones end for so many seconds, cancel the rest, and free everything."""
        self._health.drain()
        await self._grpc.stop(self._settings.drain_seconds if grace is None else grace)
        await self.models.close()
        await self._collections.close()
        for pool in {self._pool, self._looking}:
            await pool.close()
        self._repository.close()
        await self.observing.stop()

    def _made_pool(self, start: Start) -> Pool:
        settings = self._settings
        bounds = Bounds(
            threads=settings.workers,
            memory=settings.worker_memory_bytes or machine_bytes() * 4 // 5,
            # A little more than a response may have: what is too large for the caller is told as that.
            answer=2 * settings.max_message_bytes + (64 << 20),
        )
        return Pool(
            start,
            folder=self._repository.workers,
            bounds=bounds,
            kill_seconds=settings.kill_seconds,
            spare=settings.spare_worker and start is start_process,
        )

    def _listening(self) -> Any:
        settings = self._settings
        server = grpc.aio.server(
            interceptors=ring(settings, traffic=self._traffic, observers=self.observing.observers),
            maximum_concurrent_rpcs=most_calls(settings),
            options=grpc_options(settings),
        )
        add_services(
            server,
            Parts(
                settings=settings,
                health=self._health,
                repository=self._repository,
                sandbox=self._sandbox,
                models=self.models,
                calls=self._calls,
                collections=self._collections,
            ),
        )
        return server

    async def _load_first(self) -> None:
        """Load what the settings ask for.

        A model that is named must load; of all ("*") those that fail are logged, and the server serves the others.
        """
        for identifier in self._named():
            try:
                await self.models.load(identifier)
            except InspectorError as error:
                error.message = f"The model {identifier!r} cannot be loaded: {error.message}"
                raise
        for identifier in self.models.ids() if self._settings.load.strip() == ALL else ():
            try:
                await self.models.load(identifier)
            except Exception as error:  # noqa: BLE001 — the others are served all the same
                log_failure(log, f"Model {identifier} was not loaded", error)

    def _require_known(self) -> None:
        """Raise NotFoundError for a model that is to be loaded and that there is not."""
        for identifier in self._named():
            with within("load"):
                self.models.get(identifier)

    def _named(self) -> list[str]:
        """Return the ids of the models that are to be loaded, where they are named."""
        text = self._settings.load.strip()
        parts = [] if text == ALL else [part.strip() for part in text.split(",")]
        return [part.removeprefix(f"{MODELS}/") for part in parts if part]


def serve(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain. `ready` is called with the address once calls are answered."""
    load_plugins()
    asyncio.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Callable[[str], None] | None) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    starting = asyncio.ensure_future(Server.start(settings))
    told_to_end = asyncio.ensure_future(ending.wait())
    await asyncio.wait({starting, told_to_end}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():  # models may take minutes to load
        starting.cancel()
        await asyncio.wait({starting})
        return
    server = await starting
    if ready is not None:
        ready(server.address)
    await ending.wait()
    log.info("Draining for up to %g s", settings.drain_seconds)
    await server.stop()
    log.info("Stopped")


def _bind(server: Any, settings: Settings) -> str:
    host, _ = split_address(settings.address)
    files = tls_files(settings)
    try:
        if files is None:
            port = server.add_insecure_port(settings.address)
        else:
            port = server.add_secure_port(settings.address, server_credentials(files))
    except RuntimeError:
        port = 0
    if port == 0:
        raise cannot_listen(settings.address)
    return f"{host}:{port}"
