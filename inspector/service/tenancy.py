"""Which workers serve which model."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from inspector.service.gate import Gate
from inspector.service.settings import Settings
from inspector.service.workers.home import Home, Lost, Moved
from inspector.service.workers.pool import Pool
from inspector.service.workers.worker import Answer, Beside, Put, Worker
from inspector.types.control import Deadline

log = logging.getLogger(__name__)

_ALL = 2**31
"""So many may wait: how many calls of a model, and models, there are is bounded elsewhere."""


class Place:
    """Where models live: in one worker, or in several that serve them alike."""

    def __init__(
        self, homes: tuple[Home, ...], *, running: int, left: Callable[[Place], object] | None = None
    ) -> None:
        """Live in `homes`; `left` is told when the last model has gone, and then the workers end.

        A worker runs so many operations at once (`running`). Callers take turns for them, whichever of the models they
        ask: who asks many at once does not hold up the others.
        """
        self._homes = homes
        self._turns = Gate("the workers", running=running * len(homes), waiting=_ALL)
        self._left = left
        self._tenants: set[str] = set()
        self._turn = itertools.count()

    @property
    def count(self) -> int:
        """How many models live here."""
        return len(self._tenants)

    def reserve(self, identifier: str) -> None:
        """Count a model that is about to be loaded; `unload` ends that."""
        self._tenants.add(identifier)

    @property
    def homes(self) -> tuple[Home, ...]:
        """The workers' places."""
        return self._homes

    def has(self, worker: Worker) -> bool:
        """Return whether a worker is one of those here."""
        return any(home.worker is worker for home in self._homes)

    async def load(
        self, identifier: str, about: Mapping[str, Any], *, deadline: Deadline, first: Worker | None = None
    ) -> Answer:
        """Load a model in all workers; the first one may be a worker that there is already."""
        if first is not None and self._left is not None and self._homes[0].worker is None:
            await self._homes[0].open(first)
        answers = [await home.load(identifier, about, deadline=deadline) for home in self._homes]
        return answers[0]

    async def unload(self, identifier: str) -> None:
        """Forget a model, and end workers that served it alone."""
        self._tenants.discard(identifier)
        is_last = self._left is not None and not self._tenants
        if self._left is not None and is_last:
            self._left(self)
        for home in self._homes:
            await (home.close() if is_last else home.unload(identifier))

    async def ask(
        self,
        operation: str,
        about: Mapping[str, Any],
        body: bytes,
        *,
        deadline: Deadline,
        put: Put | None = None,
        beside: Beside | None = None,
    ) -> Answer:
        """Return the answer of the worker that has the least to do, and in turn; what is `quick` waits for none."""
        async with nullcontext() if about.get("quick") else self._turns.passed(deadline):
            turn = next(self._turn)
            count = len(self._homes)
            home = min(self._homes, key=lambda home: (home.busy, (self._homes.index(home) - turn) % count))
            return await home.ask(operation, about, body, deadline=deadline, put=put, beside=beside)


class Tenancy:
    """The homes of a server: those that models share, one per device and replica, and those of single models."""

    def __init__(self, pool: Pool, *, settings: Settings, lost: Lost, away: Moved, back: Moved) -> None:
        self._pool = pool
        self._settings = settings
        self._told: tuple[Lost, Moved, Moved] = (lost, away, back)
        self._shared = Place(self._homes(), running=settings.workers)
        self._own: list[Place] = []
        self.device = ""
        """What models run on."""
        self.quick: frozenset[str] = frozenset()
        """The verbs that run no model."""

    @property
    def shared(self) -> Place:
        """Where models live that share workers."""
        return self._shared

    async def open(self) -> None:
        """Start the first worker; DeviceError, InvalidInputError where it can't have the device or the threads."""
        first, *others = self._shared.homes
        answer = await first.open()
        if answer is not None:
            self.device = str(answer.about["device"])
            self.quick = frozenset(map(str, answer.about["quick"]))
        for home in others:
            await home.open()

    def place_of(self, identifier: str, *, is_uploaded: bool) -> Place:
        """Return where a model is to live: uploads, which nobody vouches for, in workers of their own.

        Where there are as many as may be, the one with the fewest models takes another. A GPU has one worker, which
        owns it: what several share there is its memory.
        """
        place = self._found(is_uploaded=is_uploaded)
        place.reserve(identifier)
        return place

    def _found(self, *, is_uploaded: bool) -> Place:
        alone = self._settings.isolate == "all" or (is_uploaded and self._settings.isolate == "uploads")
        if not alone or self.device != "cpu":
            return self._shared
        if len(self._own) >= self._settings.max_own_workers:
            return min(self._own, key=lambda place: place.count)
        self._own.append(Place(self._homes(), running=self._settings.workers, left=self._own.remove))
        return self._own[-1]

    async def close(self) -> None:
        """End the shared workers; single models end theirs."""
        for home in self._shared.homes:
            await home.close()

    def _homes(self) -> tuple[Home, ...]:
        return tuple(self._home() for _ in range(self._settings.replicas))

    def _home(self) -> Home:
        lost, away, back = self._told
        return Home(
            self._pool,
            prepare=self._prepare,
            most_crashes=self._settings.max_crashes,
            lost=lost,
            away=away,
            back=back,
        )

    async def _prepare(self, worker: Worker) -> Answer:
        return await worker.ask("hello", {"device": self._settings.device})
