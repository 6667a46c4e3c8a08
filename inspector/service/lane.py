"""Long messages come in one after the other, with pauses between them in which the event loop serves everybody else.

gRPC for Python copies each message on the event loop, in one piece: 57 MiB take about 75 ms, in which no other call
gets on. Several that come at once are copied back to back. How long a message is nobody knows before it is copied, so
who last sent a short one is trusted to send another, and all others pass here.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from inspector.service.connections import received_bytes
from inspector.service.turns import Turns, Who

LONG = 4 << 20
"""Bytes of a message that is copied in a few milliseconds."""
TICK_SECONDS = 0.005
"""Time is counted in turns of the event loop, so far apart or more: while it stands still, none passes."""
PATIENCE = 30
"""Ticks after which it is looked at how many bytes have come, and again: over a slow line a message lets others by."""
FAST = 5 << 20
"""Bytes in that time of a line on which a message soon is there: more is never waited for than a second or two."""
BYTES_PER_TICK = 4 << 20
"""Of the pause behind a message, which is about as long as its copy took: half of the time is left for others."""
_MOST_TRUSTED = 4096
"""Connections that are remembered."""

Received = Callable[[str], int | None]
"""How many bytes have ever come from a peer, where that is known."""


@dataclass(eq=False)
class _Message:
    """One that comes, and keeps others waiting."""

    peer: str
    received: int | None = None
    """How many bytes had come from its peer when it was looked at."""


class Lane:
    """Lets messages of unknown length begin one at a time, each connection in its turn. For one event loop."""

    def __init__(self, *, received: Received = received_bytes) -> None:
        """Let messages begin; of one that takes long, `received` tells whether it will soon be there."""
        self._received = received
        self._turns: Turns[asyncio.Future[_Message]] = Turns()
        self._inside: _Message | None = None
        """What keeps the others waiting."""
        self._ticks = 0
        """After which it is looked at; with nothing inside, those of the pause."""
        self._timer: asyncio.TimerHandle | None = None
        self._trusted: OrderedDict[Who, None] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many messages may not begin yet."""
        return len(self._turns)

    def trusts(self, who: Who) -> bool:
        """Return whether somebody may begin at once: the last message was a short one."""
        return who in self._trusted

    @asynccontextmanager
    async def passed(self, who: Who) -> AsyncIterator[None]:
        """Read a message for the length of a block, once it may begin."""
        if who in self._trusted:
            yield
            return
        message = await self._begin(who)
        self._turns.began(who)
        try:
            yield
        finally:
            self._turns.ended(who)
            self._let_by(message)

    def came(self, who: Who, size: int) -> None:
        """Take note of a message that has come."""
        self._trusted.pop(who, None)
        if size <= LONG:
            self._trusted[who] = None
            if len(self._trusted) > _MOST_TRUSTED:
                self._trusted.popitem(last=False)
            return
        if self._inside is None:
            self._ticks = max(self._ticks, -(-size // BYTES_PER_TICK))
            self._go_on()

    async def _begin(self, who: Who) -> _Message:
        if self._inside is None and not self._ticks and not self._turns:
            return self._enter(who)
        turn: asyncio.Future[_Message] = asyncio.get_running_loop().create_future()
        self._turns.add(who, turn)
        self._go_on()
        try:
            return await turn
        except asyncio.CancelledError:
            self._turns.remove(who, turn)
            if turn.done() and not turn.cancelled():
                self._let_by(turn.result())  # its turn came while it left
            raise

    def _enter(self, who: Who) -> _Message:
        message = self._inside = _Message(who[1])
        self._ticks = PATIENCE
        return message

    def _let_by(self, message: _Message) -> None:
        if self._inside is message:
            # A tick for those who wait, in which it is told how long it was; where nobody does, nothing is left to do.
            self._inside, self._ticks = None, 1 if self._turns else 0
            self._go_on()

    def _go_on(self) -> None:
        if self._timer is None and (self._turns or (self._inside is None and self._ticks)):
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._ticks -= 1
        if self._ticks <= 0:
            self._ticks = 0
            if self._inside is not None and self._is_fast(self._inside):
                self._ticks = PATIENCE
            else:
                self._inside = None
                self._next()
        self._go_on()

    def _is_fast(self, message: _Message) -> bool:
        """Return whether a message is worth waiting for: it was not looked at before, or much has come since."""
        before, message.received = message.received, self._received(message.peer)
        return message.received is not None and (before is None or message.received - before >= FAST)

    def _next(self) -> None:
        while (waiting := self._turns.next()) is not None:
            who, turn = waiting
            if not turn.done():  # who left meanwhile has no turn
                turn.set_result(self._enter(who))
                return
