"""Those who leave while what they wait for is under way."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest


async def leave(waiting: asyncio.Future[Any]) -> None:
    """Cancel what waits, and see that it ends of that."""
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def leave_before(waiting: asyncio.Future[Any], go: threading.Event) -> None:
    """Cancel what waits for a thread that goes on only then, and see that it waits for that thread's end."""
    await asyncio.sleep(0.1)
    waiting.cancel()
    await asyncio.sleep(0.1)
    assert not waiting.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
