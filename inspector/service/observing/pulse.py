"""Whether the event loop goes on, and how long it was held up: seen from outside of it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress

EVERY = 0.1
"""Seconds between two beats."""
KEPT = 100
"""Beats of which the longest delay is told: about ten seconds."""
DEAD_SECONDS = 30.0
"""Without a beat for so long, the loop is held up for good."""


class Pulse:
    """Beats in the event loop that it is started in."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._delays: deque[float] = deque([0.0], maxlen=KEPT)
        self._beating: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to beat."""
        self._last = time.monotonic()
        self._beating = asyncio.get_running_loop().create_task(self._beat(), name="pulse")

    async def stop(self) -> None:
        """Beat no longer."""
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating

    @property
    def delay(self) -> float:
        """The longest that the loop was held up of late, now included; seconds."""
        return max(*self._delays, time.monotonic() - self._last - EVERY, 0.0)

    def is_alive(self) -> bool:
        """Return whether the loop goes on; from any thread."""
        return time.monotonic() - self._last < DEAD_SECONDS

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            now = time.monotonic()
            self._delays.append(max(0.0, now - self._last - EVERY))
            self._last = now
