"""Waiting for what happens in another thread or process."""

from __future__ import annotations

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
