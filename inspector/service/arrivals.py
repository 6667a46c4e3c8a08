"""How many requests arrive at the same time: few of each caller, and its connections take turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from inspector.service.gate import Gate

HURRIED_SECONDS = 10.0
"""For a request to arrive from when on others of its caller wait for it: one that never comes must not hold them up."""
_ANY = 2**31
"""May wait: how many calls a caller makes at once is bounded elsewhere."""


@dataclass(eq=False)
class _Places:
    """Those of one caller."""

    gate: Gate
    arriving: set[asyncio.Timeout] = field(default_factory=set)
    """The deadlines of what arrives now."""
    users: int = 0

    def hurry(self) -> None:
        """Give what arrives less time, once; who hurries already has no more."""
        latest = asyncio.get_running_loop().time() + HURRIED_SECONDS
        for deadline in self.arriving:
            when = deadline.when()
            if not deadline.expired() and (when is None or when > latest):
                deadline.reschedule(latest)


class Arrivals:
    """Lets few requests of each caller arrive at the same time: of the others, gRPC takes only the first bytes.

    For one event loop.
    """

    def __init__(self, most: int, *, seconds: float) -> None:
        """Let `most` requests of a caller arrive at once; one has `seconds`, its waiting included."""
        self._most = most
        self._seconds = seconds
        self._callers: dict[str, _Places] = {}

    @asynccontextmanager
    async def of(self, caller: str) -> AsyncIterator[None]:
        """Arrive, for the length of a block; TimeoutError where it takes too long."""
        places = self._callers.get(caller)
        if places is None:
            gate = Gate("requests that arrive", running=self._most, waiting=_ANY)
            places = self._callers[caller] = _Places(gate)
        places.users += 1
        try:
            async with asyncio.timeout(self._seconds) as deadline:
                if places.gate.inside >= self._most:
                    places.hurry()
                async with places.gate.passed():
                    places.arriving.add(deadline)
                    try:
                        if places.gate.waiting:
                            places.hurry()
                        yield
                    finally:
                        places.arriving.discard(deadline)
        finally:
            places.users -= 1
            if not places.users:  # callers come and go
                self._callers.pop(caller, None)
