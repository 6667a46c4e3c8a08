"""Where models live: a worker with models in it, which is started again with all of them when it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inspector.errors import InspectorError, ServerUnavailableError
from inspector.service.failures import log_failure, why_of
from inspector.service.workers.endings import gone
from inspector.service.workers.pool import Pool
from inspector.service.workers.worker import Answer, Beside, Put, Worker
from inspector.types.control import Deadline

log = logging.getLogger(__name__)

_TRIES = 3
"""Of workers that end before they say hello, in a row, until none more is started."""
_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before a worker is started again, by how often it ended in a row."""


@dataclass(eq=False)
class Tenant:
    """A model that lives in a home."""

    load: Mapping[str, Any]
    """What loads it again."""
    crashes: int = 0
    """How often in a row its worker ended while it ran."""


Lost = Callable[[str, str], None]
"""Told (a model's id, why) when it is gone for good."""
Moved = Callable[[str], None]
"""Told a model's id."""


class Home:
    """One worker and its models. For one event loop."""

    def __init__(
        self,
        pool: Pool,
        *,
        prepare: Callable[[Worker], Any],
        most_crashes: int,
        lost: Lost,
        away: Moved,
        back: Moved,
    ) -> None:
        """Live in workers of `pool`, each of which `prepare` (a coroutine function) makes ready first.

        A model in whose runs the worker ended `most_crashes` times in a row is not loaded again: `lost` is told. `away`
        is told of a model whose worker has ended, `back` once it is loaded again.
        """
        self._pool = pool
        self._prepare = prepare
        self._most_crashes = most_crashes
        self._lost, self._away, self._back = lost, away, back
        self._tenants: dict[str, Tenant] = {}
        self._worker: Worker | None = None
        self._ends = 0
        """How often in a row a worker of this home has ended."""
        self._ready = asyncio.Event()
        self._moving = asyncio.Lock()
        self._again: asyncio.Task[Any] | None = None
        """Starts another worker. One before it, which may still run, has started its own."""
        self._closed = False
        self._failure: InspectorError | None = None

    @property
    def busy(self) -> int:
        """How many operations run here."""
        return 0 if self._worker is None else self._worker.busy

    @property
    def worker(self) -> Worker | None:
        """The worker that runs now."""
        return self._worker

    async def open(self, worker: Worker | None = None) -> Answer | None:
        """Start the worker, or move in with one; returns what `prepare` gave."""
        if self._is_kept():
            return None
        async with self._moving:
            if self._is_kept():
                return None
            answer = await self._move_in(worker)
            self._ready.set()
            return answer

    async def load(
        self, identifier: str, about: Mapping[str, Any], *, deadline: Deadline | None = None
    ) -> Answer:
        """Load a model here, or again; raises what loading it raises."""
        await self.open()
        answer = await self.ask("load", {**about, "model": identifier}, deadline=deadline)
        self._tenants[identifier] = Tenant(dict(about))
        return answer

    async def unload(self, identifier: str) -> None:
        """Forget a model."""
        self._tenants.pop(identifier, None)
        worker = self._worker
        if worker is not None and worker.is_alive:
            try:
                await worker.ask("unload", {"model": identifier})
            except ServerUnavailableError:  # and with the worker the model
                log.debug("The worker of %s ended before it unloaded it", identifier)

    async def ask(
        self,
        operation: str,
        about: Mapping[str, Any],
        body: bytes = b"",
        *,
        deadline: Deadline | None = None,
        put: Put | None = None,
        beside: Beside | None = None,
        kills: bool = True,
    ) -> Answer:
        """Return the answer of the worker; while it is started again, wait for it."""
        worker = await self._alive(deadline)
        answer = await worker.ask(
            operation, about, body, deadline=deadline, put=put, beside=beside, kills=kills
        )
        if about.get("quick"):  # what runs no model is no sign that its runs end well
            return answer
        self._ends = 0
        if tenant := self._tenants.get(str(about.get("model", ""))):
            tenant.crashes = 0
        return answer

    async def close(self) -> None:
        """End the worker."""
        self._closed = True
        self._ready.set()
        if self._again is not None:
            self._again.cancel()
        if self._worker is not None:
            await self._worker.close()

    def _is_kept(self) -> bool:
        """Whether there is a worker, or will be one again without being asked for."""
        return self._worker is not None and self._failure is None

    async def _alive(self, deadline: Deadline | None) -> Worker:
        while not self._closed:
            try:
                async with asyncio.timeout(None if deadline is None else deadline.left()):
                    await self._ready.wait()
            except TimeoutError:
                raise gone("another is being started") from None
            if self._worker is not None and self._worker.is_alive:
                return self._worker
            if self._failure is not None:
                raise self._failure
            self._ready.clear()  # its end is about to be told
        raise gone("the server ends")

    async def _move_in(self, worker: Worker | None = None) -> Answer:
        worker = worker or await self._pool.take()
        try:
            answer: Answer = await self._prepare(worker)
        except BaseException:
            await worker.close()
            raise
        self._worker = worker
        self._failure = None
        worker.ended.add_done_callback(lambda _: self._left(worker))
        return answer

    def _left(self, worker: Worker) -> None:
        """Start anew when the worker has ended."""
        if self._closed or worker is not self._worker:
            return
        self._ends += 1
        running = worker.blamed if worker.crashed else frozenset()
        for identifier in (*self._tenants,):
            self._away(identifier)
        for identifier in running & self._tenants.keys():
            tenant = self._tenants[identifier]
            tenant.crashes += 1
            if tenant.crashes >= self._most_crashes:
                del self._tenants[identifier]
                self._lost(identifier, f"Its worker ended {tenant.crashes} times in a row while it ran.")
        log.warning(
            "A worker ended (%s) while it ran %s", worker.end_told, ", ".join(sorted(running)) or "nothing"
        )
        self._again = self._pool.keep(self._begin_again())

    async def _begin_again(self) -> None:
        async with self._moving:
            self._ready.clear()
            try:
                await self._move_in_again()
            except Exception as error:  # noqa: BLE001 — whatever it is, who waits must be told
                log_failure(log, "No worker could be started again", error)
                self._failure = (
                    error if isinstance(error, InspectorError) else gone("the server's log tells why")
                )
                self._ready.set()
                for identifier in tuple(self._tenants):
                    del self._tenants[identifier]
                    self._lost(identifier, "Its worker ended, and no other could be started.")
                return
            # Who waits is let in only now: a call that came before its model would be told that it is not loaded.
            for identifier, tenant in tuple(self._tenants.items()):
                await self._load_again(identifier, tenant)
            self._ready.set()

    async def _move_in_again(self) -> None:
        """Move in with another worker; one that ends at that, such as a spare killed with the last, gives place too."""
        for tried in range(1, _TRIES + 1):
            await asyncio.sleep(_PAUSES[min(max(self._ends - 1, 0), len(_PAUSES) - 1)])
            try:
                await self._move_in()
            except ServerUnavailableError:
                if tried == _TRIES:
                    raise
                self._ends += 1
            else:
                return

    async def _load_again(self, identifier: str, tenant: Tenant) -> None:
        worker = self._worker
        if worker is None or self._tenants.get(identifier) is not tenant:
            return
        try:
            await worker.ask("load", {**tenant.load, "model": identifier})
        except ServerUnavailableError:
            log.debug("The worker ended while it loaded %s again", identifier)  # and its end starts another
        except Exception as error:  # noqa: BLE001 — the other models are loaded all the same
            log_failure(log, f"Model {identifier} could not be loaded again", error)
            self._tenants.pop(identifier, None)
            self._lost(identifier, why_of(error))
        else:
            self._back(identifier)
