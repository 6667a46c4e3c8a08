"""How a worker comes to be: a process with nothing of the server's but one end of a pair of sockets."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inspector.isolation.packets import pair

log = logging.getLogger(__name__)

_KEPT = (
    "PATH",
    "LD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "NPY_DISABLE_CPU_FEATURES",
    "GLIBC_TUNABLES",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_TF32_OVERRIDE",
    "INSPECTOR_THREADS",
    "INSPECTOR_SPINNING",
    "INSPECTOR_KERNELS",
    "INSPECTOR_KERNELS_LEVEL",
    "INSPECTOR_QUANTIZED",
    "INSPECTOR_PROVIDERS_ON_TRIAL",
    "INSPECTOR_PLUGINS",
    "ORT_TELEMETRY_DISABLED",
)
"""The variables that a worker gets: none that might be a secret.

Those that choose kernels of OpenBLAS, NumPy and the C library are among them: the last bits of a sum depend on those.
"""
NO_MEMORY = "no memory"
"""What a worker ended of that the system gave no more memory."""
_TOLD = 8_192
"""Bytes of what a worker printed last that are kept, to tell of what it ended."""


class Running(Protocol):
    """A worker that was started."""

    end: socket.socket
    """The server's end of the pair."""
    pid: int | None
    """None where it is no process of its own."""

    def kill(self) -> None:
        """End it at once."""
        ...

    async def ended(self) -> str:
        """Wait for its end, and return what it ended of, such as "SIGSEGV"; nothing for an end in peace."""
        ...


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a worker may take."""

    threads: int
    """Operations that run at once."""
    memory: int
    """Bytes; 0 for no bound."""
    answer: int
    """Bytes of one answer, and of any file."""


Start = Callable[[Bounds, Path], Awaitable[Running]]
"""Starts a worker that works in an empty folder of its own."""


class WorkerProcess:
    """A worker in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, end: socket.socket) -> None:
        self.end = end
        self.pid: int | None = process.pid
        self._process = process
        # By a descriptor, which never stands for another process; asyncio's own kill would wait for it in our place.
        self._handle = os.pidfd_open(process.pid)
        self._told = b""
        self._reading = asyncio.ensure_future(self._read())

    def kill(self) -> None:
        """End it at once."""
        with suppress(OSError):  # it has ended
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    async def ended(self) -> str:
        """Wait for its end, and return what it ended of."""
        code = await self._process.wait()
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
        await asyncio.wait({self._reading}, timeout=1.0)
        if b"bad_alloc" in self._told or b"MemoryError" in self._told:
            return NO_MEMORY
        if code < 0:
            return _signal(-code)
        return f"exit code {code}" if code else ""

    async def _read(self) -> None:
        """Log what the worker prints; models can make it print what they like."""
        stream = self._process.stderr
        assert stream is not None  # noqa: S101 — it was asked for
        while chunk := await stream.read(4096):
            self._told = (self._told + chunk)[-_TOLD:]
            for line in chunk.decode(errors="replace").splitlines():
                if line.strip():
                    log.info("Worker %s: %s", self.pid, line.encode("unicode_escape").decode()[:500])


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most of those between SIGRTMIN and SIGRTMAX have no name
        return f"signal {number}"


async def start_process(bounds: Bounds, folder: Path) -> Running:
    """Start a worker as a process: with a clean environment, no descriptor but its socket, no terminal to read from."""
    ours, theirs = pair()
    try:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": str(folder)}
        environment |= {"INSPECTOR_CACHE": ""}  # who runs a stranger's model writes nothing that others read
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "inspector.worker",
            f"--channel={theirs.fileno()}",
            f"--server={os.getpid()}",
            f"--threads={bounds.threads}",
            f"--memory={bounds.memory}",
            f"--file-bytes={bounds.answer}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env=environment,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    ours.setblocking(False)  # noqa: FBT003
    return WorkerProcess(process, ours)
