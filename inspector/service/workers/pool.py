"""The workers of a server: started when they are needed, one ahead, so that nobody waits for a process to begin."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

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
        self._workers: set[Worker] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    @property
    def workers(self) -> frozenset[Worker]:
        """All that run."""
        return frozenset(self._workers)

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
            self._spare = spare
            raise
        except OSError:
            worker = None
        if worker is None or not worker.is_alive:
            worker = await self._made()
        self._renew()
        return worker

    def keep(
        self, work: Coroutine[Any, Any, Any], done: Callable[[], object] | None = None
    ) -> asyncio.Task[Any]:
        """Run what the pool's end ends."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if done is not None:
            task.add_done_callback(lambda _: done())
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

    def _renew(self) -> None:
        if self._wants_spare and self._spare is None and not self._closed:
            self._spare = asyncio.ensure_future(self._made())

    async def _made(self) -> Worker:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="worker-", dir=self._folder))
        try:
            running = await self._start(self._bounds, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        worker = Worker(running, most_bytes=self._bounds.answer, kill_seconds=self._kill_seconds)
        self._workers.add(worker)

        def ended(_: object) -> None:
            self._workers.discard(worker)
            shutil.rmtree(folder, ignore_errors=True)

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
