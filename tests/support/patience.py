"""Waiting for what happens in another thread or process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds: far more than anything takes; a test that waits so long has failed."""


def eventually(condition: Callable[[], bool]) -> bool:
    """Return True as soon as the condition holds, False when patience ends."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False


async def until(condition: Callable[[], bool]) -> None:
    """Wait, while the event loop goes on, until the condition holds; TimeoutError when patience ends."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)
