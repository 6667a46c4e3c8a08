"""A worker in a thread of this process: the same loop over the same sockets, with nothing isolated. For tests."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

from inspector.isolation.packets import pair
from inspector.worker.loop import Loop


class WorkerThread:
    """A worker in a thread; a model that crashes it takes all along, and nothing can kill it."""

    pid: int | None = None

    def __init__(self, *, threads: int) -> None:
        self.end, self._theirs = pair()
        self.end.setblocking(False)  # noqa: FBT003
        self._thread = threading.Thread(target=Loop(self._theirs, threads=threads).run, daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """Let it end once its operations have."""
        try:
            self._theirs.shutdown(socket.SHUT_RDWR)
        except OSError:  # it has ended
            return

    async def ended(self) -> str:
        """Wait for its end."""
        while self._thread.is_alive():
            await asyncio.sleep(0.01)
        return ""


async def start_thread(bounds: Any, _folder: Path) -> WorkerThread:
    """Start a worker as a thread."""
    return WorkerThread(threads=bounds.threads)
