"""The workers of a server: started when they are needed, one ahead, so that nobody waits for a process to begin."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import shutil
from collections import Counter
from collections.abc import Coroutine, Iterable
from contextvars import Context
from pathlib import Path
from typing import Any

from inspector.service.sample import Sample
from inspector.service.threads import in_thread
from inspector.service.workers.memory import resident_bytes
from inspector.service.workers.starting import Bounds, Start
from inspector.service.workers.worker import Worker

log = logging.getLogger(__name__)

_WATCH_SECONDS = 0.25


class Pool:
    """Makes workers. For one event loop."""

    def __init__(
        self, start: Start, *, folder: Path, bounds: Bounds, kill_seconds: float, spare: bool
    ) -> None:
        """Start workers by `start`, each in an empty folder below `folder`; with `spare`, one is ready ahead."""
        self._start = start
        self._folder = folder
        self._bounds = bounds
        self._kill_seconds = kill_seconds
        self._wants_spare = spare
        self._spare: asyncio.Task[Worker] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._removals: set[asyncio.Task[None]] = set()
        """Of folders that workers left; the pool's end waits for them."""
        self._closed = False
        self._starts = 0
        self._ends: Counter[str] = Counter()
        """How often workers ended, by the kind of reason."""
        self._numbers: dict[Worker, int] = {}
        """All that run, with small numbers, so that metrics need no new name for each."""

    @property
    def workers(self) -> frozenset[Worker]:
        """All that run."""
        return frozenset(self._numbers)

    def prepare(self) -> None:
        """Start the spare one, and watch the memory of all."""
        if self._bounds.memory:
            self.keep(self._watch())
        self._renew()

    async def take(self) -> Worker:
        """Return a worker that nobody uses yet."""
        spare, self._spare = self._spare, None
        try:
            worker = None if spare is None else await asyncio.shield(spare)
        except asyncio.CancelledError:
            self._give_back(spare)
            raise
        except OSError:
            worker = None
        if worker is None or not worker.is_alive:
            worker = await self._made()
        self._renew()
        return worker

    def keep(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run what the pool's end ends."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End all workers."""
        self._closed = True
        tasks = {*self._tasks, *([self._spare] if self._spare else [])}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(worker.close() for worker in self.workers))
        if self._removals:
            await asyncio.wait(self._removals)

    def _give_back(self, spare: asyncio.Task[Worker] | None) -> None:
        """Take the spare one back from who left before it was there, unless another was begun meanwhile."""
        if self._spare is None and not self._closed:
            self._spare = spare
        elif spare is not None:
            self._drop(spare)

    def _drop(self, begun: asyncio.Task[Worker]) -> None:
        """End a worker that nobody wants any more, once it is there."""

        def dropped(_: object) -> None:
            self._tasks.discard(begun)
            if not begun.cancelled() and begun.exception() is None:
                self.keep(begun.result().close())

        self._tasks.add(begun)
        begun.add_done_callback(dropped)

    def _renew(self) -> None:
        if self._wants_spare and self._spare is None and not self._closed:
            self._spare = asyncio.ensure_future(self._made())

    def samples(self) -> Iterable[Sample]:
        """Return how many workers there are, what they take, and how often they began and ended."""
        yield Sample("inspector_workers", len(self._numbers))
        yield Sample("inspector_worker_starts", self._starts)
        for reason, count in tuple(self._ends.items()):
            yield Sample("inspector_worker_ends", count, {"reason": reason})
        for worker, number in tuple(self._numbers.items()):
            labels = {"worker": str(number)}
            yield Sample("inspector_worker_calls", worker.busy, labels)
            yield Sample("inspector_worker_sessions", worker.sessions, labels)
            if worker.pid is not None:
                yield Sample("inspector_worker_memory_bytes", resident_bytes(worker.pid), labels)

    async def _made(self) -> Worker:
        """Start a worker, apart from the call that may have asked for it: what is told of it is not of that call."""
        begun = asyncio.create_task(self._begun(), context=Context())
        try:
            return await begun
        except asyncio.CancelledError:
            self._drop(begun)  # it may be there already
            raise

    async def _begun(self) -> Worker:
        # Named before it is made: who leaves meanwhile leaves no folder.
        folder = self._folder / f"worker-{secrets.token_hex(8)}"
        try:
            await in_thread(folder.mkdir, mode=0o700)
            running = await self._start(self._bounds, folder)
        except BaseException:
            await _removed(folder)
            raise
        worker = Worker(running, most_bytes=self._bounds.answer, kill_seconds=self._kill_seconds)
        self._starts += 1
        self._numbers[worker] = next(n for n in itertools.count() if n not in self._numbers.values())

        def ended(_: object) -> None:
            self._numbers.pop(worker, None)
            self._ends[_reason(worker)] += 1
            removal = asyncio.ensure_future(_removed(folder))
            self._removals.add(removal)
            removal.add_done_callback(self._removals.discard)

        worker.ended.add_done_callback(ended)
        return worker

    async def _watch(self) -> None:
        """End a worker that takes more memory than it may: the system would take another process for it."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            for worker in self.workers:
                taken = 0 if worker.pid is None else resident_bytes(worker.pid)
                if taken > self._bounds.memory:
                    log.error("Worker %s took %s bytes of memory, and is ended", worker.pid, f"{taken:,}")
                    worker.kill("it took more memory than it may", out_of_memory=True)


async def _removed(folder: Path) -> None:
    """Remove what a worker leaves, which may be much, beside the event loop."""
    await in_thread(shutil.rmtree, folder, ignore_errors=True)


def _reason(worker: Worker) -> str:
    if worker.out_of_memory:
        return "memory"
    ended_by_itself = worker.crashed and not worker.ended.cancelled() and worker.ended.result()
    return "crash" if ended_by_itself else "told"
