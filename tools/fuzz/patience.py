"""How long a case has taken: not by the clock alone, since a busy machine lets its processes wait for a processor."""

from __future__ import annotations

import time
from pathlib import Path

_NANOSECONDS = 1e-9


class Patience:
    """The time of one process from now on, less what its threads waited for a processor.

    What sleeps, or waits for a lock, takes its time all the same; a tenth of the clock is counted in any case.
    """

    def __init__(self, pid: int, *, processes: Path = Path("/proc")) -> None:
        self._threads = processes / str(pid) / "task"
        self._since, self._waited = time.monotonic(), self._waiting()

    def taken(self) -> float:
        """Return the seconds that it has taken."""
        clock = time.monotonic() - self._since
        waited = max(self._waiting() - self._waited, 0.0)  # less than before where threads have ended
        return max(clock - waited, clock / 10)

    def _waiting(self) -> float:
        """Return the seconds that its threads waited for a processor, together; 0 where the system does not say."""
        waited = 0
        for file in self._threads.glob("*/schedstat"):
            try:
                waited += int(file.read_text(encoding="ascii").split()[1])
            except (OSError, ValueError, IndexError):  # a thread that ended meanwhile
                continue
        return waited * _NANOSECONDS
