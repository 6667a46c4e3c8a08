"""The first look at a model that nobody vouches for, in a worker that may die of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from inspector.errors import (
    DeadlineExceededError,
    EngineError,
    InspectorError,
    InvalidModelError,
    LimitExceededError,
    ServerUnavailableError,
)
from inspector.service.workers.worker import Worker
from inspector.types.control import Deadline

log = logging.getLogger(__name__)


class Sandbox:
    """Looks at a few models at once, each in a worker of its own. For one event loop."""

    def __init__(
        self,
        take: Callable[[], Awaitable[Worker]],
        *,
        seconds: float,
        memory_bytes: int,
        limits: Mapping[str, int],
        at_once: int = 2,
    ) -> None:
        """Look in workers that `take` gives, for at most so many seconds and bytes of memory.

        `limits` are what models are read under, as fields of inspector.Limits.
        """
        self._take = take
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._limits = limits
        self._free = asyncio.Semaphore(at_once)

    async def check(self, folder: Path) -> None:
        """Return if the model (a folder or a file) could be read and run; else raise what it failed of.

        InvalidModelError also where the worker crashed, LimitExceededError where it took too long or too much memory.
        """
        worker = await self.checked(folder)
        await worker.close()

    async def checked(self, folder: Path) -> Worker:
        """Return the worker that looked at a model and did not fail, as `check` does; it has only seen this one."""
        async with self._free:
            worker = await self._take()
            try:
                about = {
                    "folder": str(folder.resolve()),
                    "memory": self._memory_bytes,
                    "limits": self._limits,
                }
                await worker.ask("examine", about, deadline=Deadline(self._seconds))
            except BaseException as error:  # noqa: BLE001 — it is raised again, or what it stands for
                await worker.close()
                raise self._told(error, worker, folder) from None
            return worker

    def _told(self, error: BaseException, worker: Worker, folder: Path) -> BaseException:
        """Return what to raise for what was raised: the end of the worker is an error of the model."""
        if isinstance(error, DeadlineExceededError):
            return self._too_slow()
        if isinstance(error, ServerUnavailableError):
            log.warning("The look at %s ended the worker: %s", folder.name, worker.end_told)
            if worker.end_told.startswith("exit code"):
                return EngineError("The check of the model failed; the server's log tells more.")
            return InvalidModelError(
                f"Loading the model crashes ONNX Runtime ({worker.end_told}). Check it with onnx.checker.",
                reason="MODEL_CRASHES",
                field="model",
            )
        if isinstance(error, LimitExceededError) and error.reason == "OUT_OF_MEMORY":
            return LimitExceededError(
                f"The model takes more than the {self._memory_bytes:,} bytes of memory that this server lends to a "
                "new one.",
                reason="MODEL_TOO_LARGE",
                field="model",
            )
        return error

    def _too_slow(self) -> InspectorError:
        return LimitExceededError(
            f"Reading the model and running it once took more than {self._seconds:g} s. Ask whoever runs the server "
            "to raise its setting sandbox_seconds, if it is to be trusted.",
            reason="MODEL_TOO_SLOW",
            field="model",
        )
