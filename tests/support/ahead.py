"""An event loop with a clock of its own, which jumps to the next thing to do: no test waits, no machine is too slow."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


_LONGEST = 60.0
"""Seconds of a clock that jumps: who gives more time waits for a thread, such as asyncio at its end."""


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing that comes by itself: the time until then is over at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout > _LONGEST:
            return super().select(timeout)
        found = super().select(0)
        if not found and timeout:
            self.now += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return seconds of its own clock, which stands still while something runs."""
        return self._jumping.now


def run_ahead(test: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a time of its own."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(test)
