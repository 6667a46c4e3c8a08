"""One worker: what is asked of it, what it answers, and its end."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from inspector.errors import EngineError, InspectorError
from inspector.isolation.failure import failure_from_json, failure_to_json
from inspector.isolation.heads import SESSIONS, Head, Kind
from inspector.isolation.packets import LONG, Packet, Received, pack, receive, send
from inspector.isolation.shelf import Shelf
from inspector.service.threads import settled
from inspector.service.workers.endings import crashed, gone, late, out_of_memory
from inspector.service.workers.starting import NO_MEMORY, Running
from inspector.types.control import Deadline

log = logging.getLogger(__name__)

IN_LOOP = 1 << 20
"""Bytes of a body that are copied on the event loop, which takes less than a millisecond; longer ones in a thread."""
_NO_MESSAGE = (ValueError, KeyError, TypeError, OSError)
"""What is raised where a worker sends what is no message, or one without what its kind needs."""
_PATIENCE = 2.0
"""Seconds for a worker that is told to end; then it is killed."""

Put = Callable[[bytes], object]
Beside = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Tells where another model lies."""


class Answer(NamedTuple):
    """What a worker answered."""

    body: bytes
    about: Mapping[str, Any]


@dataclass(eq=False)
class _Call:
    """One operation under way."""

    done: asyncio.Future[Answer]
    """Never cancelled: it is waited for even where nobody wants it any more."""
    woken: asyncio.Future[None]
    """Who waits for it, or for its time to be over."""
    put: Put | None
    beside: Beside | None
    blame: str
    """The model that it runs."""
    arrived: deque[Received] = field(default_factory=deque)
    """What came for it and has not been read: read in order, off the event loop where it is long."""
    reading: asyncio.Task[None] | None = None

    def wake(self, _: object = None) -> None:
        """Let who waits go on."""
        if not self.woken.done():
            self.woken.set_result(None)


class Worker:
    """A worker that runs. For the event loop that started it.

    A call that is cancelled, or whose deadline passes, is stopped in the worker; a worker that does not stop it within
    `kill_seconds` is killed, which ends its other calls with ServerUnavailableError.
    """

    def __init__(self, running: Running, *, most_bytes: int, kill_seconds: float) -> None:
        """Speak to what was started; answers have at most `most_bytes`."""
        self._running = running
        self._most_bytes = most_bytes
        self._kill_seconds = kill_seconds
        self._ids = itertools.count(1)
        self._calls: dict[int, _Call] = {}
        self._unsent: deque[Packet] = deque()
        self._shelf = Shelf()
        self.sessions = 0
        """How many sessions of the runtime it kept when it last answered, as it says."""
        self._why = ""
        """Why it ended, or is about to."""
        self._is_killed = False
        """Whether the server ended it."""
        self._out_of_memory = False
        self._blamed: frozenset[str] = frozenset()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(running.end, self._read)
        self.ended: asyncio.Task[str] = asyncio.ensure_future(self._end())
        """Done when it has ended; its result is what it ended of, nothing for an end in peace."""

    @property
    def pid(self) -> int | None:
        """Its process id, where it has one."""
        return self._running.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return not self.ended.done() and not self._why

    @property
    def busy(self) -> int:
        """How many operations run in it."""
        return len(self._calls)

    @property
    def blamed(self) -> frozenset[str]:
        """The models that it ran when it ended, or runs now."""
        return self._blamed or frozenset(call.blame for call in self._calls.values() if call.blame)

    @property
    def crashed(self) -> bool:
        """Whether it ended by itself, or of its memory, and not at the server's word."""
        return self._out_of_memory or not self._is_killed

    @property
    def out_of_memory(self) -> bool:
        """Whether it ended of its memory."""
        return self._out_of_memory

    @property
    def end_told(self) -> str:
        """Why it ended."""
        return self._why

    async def ask(
        self,
        operation: str,
        about: Mapping[str, Any],
        body: bytes = b"",
        *,
        deadline: Deadline | None = None,
        put: Put | None = None,
        beside: Beside | None = None,
        kills: bool = True,
    ) -> Answer:
        """Return the answer of an operation; `put` takes what it tells before.

        Raises what the operation raised; DeadlineExceededError when the time is over; ServerUnavailableError, or
        LimitExceededError for its memory, where the worker ends. Returns or raises only once the worker is done with
        it, or gone. Without `kills` a worker that does not stop is waited for.
        """
        identifier = next(self._ids)
        done: asyncio.Future[Answer] = self._loop.create_future()
        call = _Call(done, self._loop.create_future(), put, beside, blame=str(about.get("model", "")))
        head = Head(id=identifier, kind=Kind.ASK, about={**about, "operation": operation})
        memory = self._shelf.take() if len(body) >= LONG else None
        try:
            packet = await _packed(head, body, memory)
            if not self.is_alive:
                packet.close()
                raise gone(self._why)
            self._calls[identifier] = call
            self._send(packet)
            return await self._done(identifier, call, deadline, kills=kills)
        finally:
            if memory is not None:
                self._shelf.give(memory)

    def kill(self, why: str, *, out_of_memory: bool = False) -> None:
        """End it at once; its calls are told why."""
        self._is_killed = self._is_killed or not self._why
        self._why = self._why or why
        self._out_of_memory = self._out_of_memory or out_of_memory
        self._running.kill()

    async def close(self) -> None:
        """Let it end in peace, or kill it where it does not; its calls fail."""
        self._is_killed = self._is_killed or not self._why
        self._why = self._why or "the server ended it"
        self._shut()
        await asyncio.wait({self.ended}, timeout=_PATIENCE)
        self._running.kill()
        await asyncio.wait({self.ended})

    # --- sending

    def _send(self, packet: Packet) -> None:
        self._unsent.append(packet)
        if len(self._unsent) == 1:
            self._send_on()

    def _flush(self) -> None:
        """Go on with what the socket had no room for."""
        if self._running.end.fileno() >= 0:
            self._loop.remove_writer(self._running.end)
        self._send_on()

    def _send_on(self) -> None:
        while self._unsent:
            try:
                send(self._running.end, self._unsent[0])
            except BlockingIOError:
                self._loop.add_writer(self._running.end, self._flush)
                return
            except OSError:  # it is gone, as its end will tell
                self._unsent[0].close()
            self._unsent.popleft()

    # --- receiving

    def _read(self) -> None:
        """Take a message that came. A worker may have been taken over by a model: nothing that it sends is believed.

        Where there are more, the event loop calls again: to look for one that is not there takes as long as reading it.
        """
        try:
            message = receive(self._running.end, most=self._most_bytes)
            if message is None:
                self._shut()
                return
            self._take(message)
        except BlockingIOError:
            return
        except ConnectionError:  # as its end will tell
            self._shut()
        except _NO_MESSAGE as error:
            self.kill(f"it sent what is no message ({error})")
            self._shut()

    def _take(self, message: Received) -> None:
        call = self._calls.get(message.head.id)
        if call is None:  # nobody waits any more
            message.drop()
            return
        if call.reading is None and (message.memory is None or message.size <= IN_LOOP):
            self._give(call, message.head, message.body())
            return
        call.arrived.append(message)
        if call.reading is None:
            call.reading = asyncio.ensure_future(self._read_long(call))

    async def _read_long(self, call: _Call) -> None:
        """Read long bodies in a thread, and what came after them in order."""
        try:
            while call.arrived:
                message = call.arrived.popleft()
                body = await asyncio.to_thread(message.body)
                self._give(call, message.head, body)
        except _NO_MESSAGE as error:
            self.kill(f"it sent what is no message ({error})")
        finally:
            call.reading = None

    def _give(self, call: _Call, head: Head, body: bytes) -> None:
        if call.done.done():
            return
        if head.kind is Kind.DONE:
            told = head.about.get(SESSIONS)
            self.sessions = told if isinstance(told, int) else self.sessions
            call.done.set_result(Answer(body, head.about))
            call.wake()  # a turn of the event loop sooner than by the callback of `done`
        elif head.kind is Kind.FAILED:
            call.done.set_exception(failure_from_json(head.about))
        elif head.kind is Kind.TOLD and call.put is not None:
            call.put(body)
        elif head.kind is Kind.BESIDE:
            self._tell_beside(head, call)

    def _tell_beside(self, head: Head, call: _Call) -> None:
        async def find() -> None:
            try:
                if call.beside is None:
                    raise EngineError("Other models cannot be asked for here.")
                about = dict(await call.beside(str(head.about["model"])))
            except InspectorError as error:
                about = {"error": failure_to_json(error)}
            if self.is_alive and head.id in self._calls:
                self._send(pack(Head(id=head.id, kind=Kind.BESIDE, about=about)))

        _keep(asyncio.ensure_future(find()))

    # --- ends

    async def _done(self, identifier: int, call: _Call, deadline: Deadline | None, *, kills: bool) -> Answer:
        """Wait for the answer to an operation; stop it when its time is over, or nobody wants it any more."""
        try:
            await self._woken(call, None if deadline is None else deadline.left())
            if call.done.done():
                return call.done.result()
            await self._stop(identifier, call, "its deadline passed", kills=kills)
            raise late(deadline)
        except asyncio.CancelledError:
            await self._stop(identifier, call, "the caller cancelled, or its deadline passed", kills=kills)
            raise
        finally:
            self._forget(identifier, call)

    async def _woken(self, call: _Call, seconds: float | None) -> None:
        """Wait until an operation is done, or for so long."""
        call.done.add_done_callback(call.wake)
        timer = None if seconds is None else self._loop.call_later(seconds, call.wake)
        try:
            await call.woken
        finally:
            call.done.remove_done_callback(call.wake)
            if timer is not None:
                timer.cancel()

    async def _stop(self, identifier: int, call: _Call, reason: str, *, kills: bool) -> None:
        """Stop an operation and wait until the worker is done with it; kill a worker that does not obey."""
        if call.done.done() or not self.is_alive:
            return
        self._send(pack(Head(id=identifier, kind=Kind.CANCEL, about={"reason": reason})))
        await settled(call.done, timeout=self._kill_seconds if kills else None)
        if not call.done.done():
            self.kill("an operation did not stop when it was told to")
            await settled(call.done)

    def _forget(self, identifier: int, call: _Call) -> None:
        self._calls.pop(identifier, None)
        while call.arrived:
            call.arrived.popleft().drop()
        if call.done.done() and not call.done.cancelled():
            call.done.exception()

    def _shut(self) -> None:
        if self._running.end.fileno() >= 0:
            self._loop.remove_reader(self._running.end)
            self._loop.remove_writer(self._running.end)
            self._running.end.close()

    async def _end(self) -> str:
        """Wait for its end, and tell those who wait."""
        what = await self._running.ended()
        self._out_of_memory = self._out_of_memory or what == NO_MEMORY
        self._shut()
        while self._unsent:
            self._unsent.popleft().close()
        self._shelf.close()
        self._why = self._why or what or "it ended"
        self._blamed = self.blamed
        running = [call for call in self._calls.values() if not call.done.done()]
        for call in running:
            if self._out_of_memory:
                call.done.set_exception(out_of_memory())
            elif self.crashed and len(running) == 1:
                call.done.set_exception(crashed(self._why))
            else:
                call.done.set_exception(gone(self._why))
        return what


async def _packed(head: Head, body: bytes, memory: int | None) -> Packet:
    """Return a packet; a long body is copied in a thread, and given back where the caller leaves meanwhile."""
    if len(body) < IN_LOOP:
        return pack(head, body, memory=memory)
    packing = asyncio.ensure_future(asyncio.to_thread(pack, head, body, memory=memory))
    try:
        return await asyncio.shield(packing)
    except asyncio.CancelledError:
        await settled(packing)
        if packing.exception() is None:
            packing.result().close()
        raise


_kept: set[asyncio.Future[Any]] = set()


def _keep(task: asyncio.Future[Any]) -> None:
    """Hold a task that nobody waits for: the event loop alone would let it be collected."""
    _kept.add(task)
    task.add_done_callback(_kept.discard)
