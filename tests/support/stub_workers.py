"""Workers that are none, for tests of who asks them; and a pool of such."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from inspector.errors import ServerUnavailableError
from inspector.isolation.failure import WorkerBugError
from inspector.service.workers.worker import Answer


class Stub:
    """A worker that says what it was asked, and ends when told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.blamed: frozenset[str] = frozenset()
        self.crashed = True
        self.end_told = "SIGSEGV"
        self.busy = 0
        self.killed = False
        self.bug_of = ""
        self.loads = asyncio.Event()
        self.loads.set()

    @property
    def is_alive(self) -> bool:
        return not self.killed and not self.ended.done()

    async def ask(self, operation: str, about: Mapping[str, Any], *_: object, **__: object) -> Answer:
        if operation == "load":
            await self.loads.wait()
        if not self.is_alive:
            raise ServerUnavailableError("It has ended.")
        if self.bug_of in (operation, about.get("model")):
            raise WorkerBugError("a bug")
        self.asked.append(operation)
        return Answer(b"", {"by": id(self)})

    async def close(self) -> None:
        if not self.ended.done():
            self.ended.set_result("")


class Workers:
    """A pool of such."""

    def __init__(self) -> None:
        self.made: list[Stub] = []
        self.slow_loads = False
        self.bug_of = ""
        self.killed_spares = 0
        """How many of those that come next have been killed."""

    async def take(self) -> Stub:
        self.made.append(Stub())
        if self.killed_spares:
            self.killed_spares -= 1
            self.made[-1].killed = True
        self.made[-1].bug_of = self.bug_of
        if self.slow_loads:
            self.made[-1].loads.clear()
        return self.made[-1]

    def keep(self, work: Any) -> asyncio.Task[Any]:
        return asyncio.ensure_future(work)
