"""How many calls of one kind run at once, how many may wait, and that those who call take turns."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext

from inspector.errors import BusyError, ConflictError, InspectorError
from inspector.service import record
from inspector.service.security.caller import current_caller
from inspector.service.turns import Turns, Who
from inspector.service.workers.endings import late
from inspector.types.control import Deadline


class Gate:
    """Behind it a bounded number of calls run, before it a bounded number wait, and callers take turns.

    Where all places to wait are taken, a caller that has many gives one to a caller that has fewer. Once closed it lets
    nobody in; `close` returns when all are out. For one event loop, not for threads.
    """

    def __init__(self, name: str, *, running: int, waiting: int) -> None:
        self._name = name
        self._max_running = running
        self._max_waiting = waiting
        self._inside = 0
        self._turns: Turns[asyncio.Future[None]] = Turns()
        self._closed = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def inside(self) -> int:
        """How many calls run now."""
        return self._inside

    @property
    def waiting(self) -> int:
        """How many calls wait now."""
        return len(self._turns)

    async def enter(self) -> None:
        """Wait for a turn; BusyError if too many wait, ConflictError if the gate is closed, then or meanwhile."""
        who = _who()
        if self._has_room():
            self._let_in(who)
            return
        if len(self._turns) >= self._max_waiting:
            self._make_room(who)
        turn = asyncio.get_running_loop().create_future()
        self._turns.add(who, turn)
        try:
            await turn
        except asyncio.CancelledError:
            self._turns.remove(who, turn)
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._let_out(who)  # its turn came while it left
            raise

    def passed(
        self, deadline: Deadline | None = None, *, phase: str = ""
    ) -> AbstractAsyncContextManager[None]:
        """Be inside for the length of a block; DeadlineExceededError where it cannot begin before a deadline.

        With `phase`, the wait is noted as a part of the call under way.
        """
        return _Passage(self, deadline, phase)

    async def enter_before(self, deadline: Deadline | None) -> None:
        """Enter; DeadlineExceededError where it cannot be before a deadline."""
        if self._has_room():  # nothing to wait for, and so no timer to set
            self._let_in(_who())
            return
        try:
            async with asyncio.timeout(None if deadline is None else deadline.left()):
                await self.enter()
        except TimeoutError:
            raise late(deadline) from None

    def leave(self) -> None:
        """Let the next one in; called by the caller that entered."""
        self._let_out(_who())

    async def close(self) -> None:
        """Let nobody in any more, and wait until all are out."""
        self._closed = True
        while (waiting := self._turns.next()) is not None:
            _refuse(waiting[1], self._being_closed())
        await self._empty.wait()

    def _has_room(self) -> bool:
        """Return whether nobody waits, and one more may run; ConflictError where the gate is closed."""
        if self._closed:
            raise self._being_closed()
        return self._inside < self._max_running and not self._turns

    def _let_in(self, who: Who) -> None:
        self._inside += 1
        self._turns.began(who)
        self._empty.clear()

    def _let_out(self, who: Who) -> None:
        self._inside -= 1
        self._turns.ended(who)
        while self._inside < self._max_running and (waiting := self._turns.next()) is not None:
            next_one, turn = waiting
            if not turn.done():  # who left meanwhile has no turn
                self._let_in(next_one)
                turn.set_result(None)
        if self._inside == 0:
            self._empty.set()

    def _make_room(self, who: Who) -> None:
        """Let one of a caller with many waiting calls go, or raise BusyError where nobody has more than this one."""
        crowded = self._turns.crowded_out(who)
        if crowded is None:
            raise BusyError(
                f"{self._inside} calls of {self._name} run and {len(self._turns)} wait; no more may. Try again soon.",
                retry_seconds=1.0,
            )
        _refuse(
            crowded[1],
            BusyError(
                f"So many calls of {self._name} wait that this one gave its place to another caller. Try again soon, "
                "with fewer at once.",
                retry_seconds=1.0,
            ),
        )

    def _being_closed(self) -> ConflictError:
        return ConflictError(
            f"{self._name} is being unloaded. Load it again first.", reason="MODEL_NOT_LOADED", field="model"
        )


class _Passage(AbstractAsyncContextManager[None]):
    """A call that passes a gate: a class, since each call passes two, and a generator takes longer than the gate."""

    def __init__(self, gate: Gate, deadline: Deadline | None, phase: str) -> None:
        self._gate = gate
        self._deadline = deadline
        self._phase = phase

    async def __aenter__(self) -> None:
        with record.phase(self._phase) if self._phase else nullcontext():
            await self._gate.enter_before(self._deadline)

    async def __aexit__(self, *_: object) -> None:
        self._gate.leave()


def _who() -> Who:
    caller = current_caller()
    return caller.key, caller.peer


def _refuse(turn: asyncio.Future[None], error: InspectorError) -> None:
    if not turn.done():
        turn.set_exception(error)
