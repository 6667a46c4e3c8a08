"""Rest: once nothing has run for a while, the memory that runs left free goes back to the system.

The arena keeps what the largest run took, for the next: a saliency map of a large picture takes gigabytes, which nobody
else has until then. A process that works keeps them; one that rests does not need them
(docs/decisions/0070-little-models.md).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from inspector.runtime.memory import release_arena

REST_SECONDS = 60.0
"""Without a run before the memory goes: to take it anew costs the next run up to a third of its time."""


class Rest:
    """Calls `release` once, each time that nothing ran for so many seconds after something did. Thread-safe."""

    def __init__(self, release: Callable[[], None], *, seconds: float = REST_SECONDS) -> None:
        """Begin to watch at the first run; the thread that waits holds up neither runs nor the process's end."""
        self._release = release
        self._seconds = seconds
        self._lock = threading.Lock()
        self._last = 0.0
        self._running = 0
        self._is_watched = False

    def begun(self) -> None:
        """Say that a run begins."""
        with self._lock:
            self._running += 1

    def ended(self) -> None:
        """Say that a run ended."""
        with self._lock:
            self._running -= 1
            self._last = time.monotonic()
            if self._is_watched:
                return
            self._is_watched = True
        threading.Thread(target=self._watch, name="inspector-rest", daemon=True).start()

    def forget(self) -> None:
        """Begin anew, as in a process that was forked: the thread that waited is not there."""
        self._lock = threading.Lock()
        self._running = 0
        self._is_watched = False

    def _watch(self) -> None:
        left = self._seconds
        while left > 0:
            time.sleep(left)
            with self._lock:
                left = self._seconds if self._running else self._last + self._seconds - time.monotonic()
                if left <= 0:
                    self._is_watched = False
        self._release()


REST = Rest(release_arena)
"""That of the process: its sessions share one arena."""

os.register_at_fork(after_in_child=REST.forget)
