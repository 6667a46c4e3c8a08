"""The first look at a model that nobody vouches for, in a process that may die of it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
from pathlib import Path

from inspector.errors import EngineError, InvalidModelError, LimitExceededError
from inspector.service.failure import failure_from_json

log = logging.getLogger(__name__)

_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS", "TMPDIR")
"""The variables that the process gets: none that might be a secret."""


class Sandbox:
    """Checks models one after another, or a few at once."""

    def __init__(self, *, seconds: float, memory_bytes: int, at_once: int = 2) -> None:
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._free = asyncio.Semaphore(at_once)

    async def check(self, path: Path) -> None:
        """Return if the model could be read and run; else raise what it failed of.

        InvalidModelError also where the process crashed, LimitExceededError where it took too long.
        """
        async with self._free:
            # An empty working directory: a model that names files without a folder finds none.
            with tempfile.TemporaryDirectory() as folder:
                code, output, complaints = await self._run(path, folder)
        if code == 0:
            _raise_error_in(output)
            return
        log.warning("The check of %s ended with %s: %s", path.name, code, complaints[-2000:])
        if code == -signal.SIGXCPU:
            raise self._too_slow()
        if code == -signal.SIGKILL or "MemoryError" in complaints or "bad_alloc" in complaints:
            raise LimitExceededError(
                f"The model takes more than the {self._memory_bytes:,} bytes of memory that this server lends to a "
                "new one.",
                reason="MODEL_TOO_LARGE",
                field="model",
            )
        if code < 0:
            raise InvalidModelError(
                f"Loading the model crashes ONNX Runtime ({signal.Signals(-code).name}). Check it with onnx.checker.",
                reason="MODEL_CRASHES",
                field="model",
            )
        raise EngineError("The check of the model failed; the server's log tells more.")

    async def _run(self, path: Path, folder: str) -> tuple[int, str, str]:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "inspector.service.probe",
            str(path),
            f"--memory={self._memory_bytes}",
            f"--seconds={max(1, round(self._seconds))}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env=environment,
        )
        try:
            output, complaints = await asyncio.wait_for(process.communicate(), self._seconds)
        except TimeoutError:
            raise self._too_slow() from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, output.decode(errors="replace"), complaints.decode(errors="replace")

    def _too_slow(self) -> LimitExceededError:
        return LimitExceededError(
            f"Reading the model and running it once took more than {self._seconds:g} s. Raise the server's "
            "sandbox_seconds if you trust it.",
            reason="MODEL_TOO_SLOW",
            field="model",
        )


def _raise_error_in(output: str) -> None:
    # Whatever the runtime may have printed before, the answer is the last line.
    failure = json.loads(output.splitlines()[-1])["error"]
    if failure is not None:
        raise failure_from_json(failure)
