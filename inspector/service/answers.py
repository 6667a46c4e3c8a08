"""Answers on their way: who does not read them loses the connection, and all together have a bounded size."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType

from inspector.errors import BusyError
from inspector.service.connections import close_connection

log = logging.getLogger(__name__)

FAIR_SECONDS = 5.0


@dataclass(eq=False)
class Answer(AbstractContextManager["Answer"]):
    """One answer that is on its way: a block for as long as it is, or `begin` and `end`."""

    answers: Answers
    peer: str
    size: int
    began: float = field(default_factory=time.monotonic)
    timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Count it, and have the connection closed if it takes too long; BusyError where there is no room."""
        self.answers.begin(self)

    def end(self) -> None:
        """It is out, or the caller has left."""
        self.answers.end(self)

    def __enter__(self) -> Answer:
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()


class Answers:
    """All answers of a server that callers have not read yet. For one event loop."""

    def __init__(
        self,
        *,
        max_bytes: int,
        seconds: float,
        bytes_per_second: float,
        fair_seconds: float = FAIR_SECONDS,
        close: Callable[[str], bool] = close_connection,
    ) -> None:
        """An answer has `seconds`, and as long as its bytes take at `bytes_per_second`; then `close` gets its peer.

        One that is younger than `fair_seconds` is not called unread, however full the room is.
        """
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._rate = bytes_per_second
        self._fair_seconds = fair_seconds
        self._close = close
        self._unread: set[Answer] = set()
        self._bytes = 0
        self._closing: set[str] = set()

    @property
    def bytes(self) -> int:
        """How many bytes callers have not read yet."""
        return self._bytes

    @property
    def count(self) -> int:
        """How many answers are on their way."""
        return len(self._unread)

    def to(self, peer: str, *, size: int) -> Answer:
        """Return an answer that is about to be sent."""
        return Answer(self, peer, size)

    def begin(self, answer: Answer) -> None:
        """See Answer.begin."""
        if self._unread and self._bytes + answer.size > self._max_bytes:
            self.make_room()
            raise BusyError(
                f"Answers of {self._bytes:,} bytes wait to be read by their callers, and this one has {answer.size:,}; "
                f"all together may have {self._max_bytes:,}. Try again soon, or ask for less at a time.",
                retry_seconds=1.0,
            )
        self._unread.add(answer)
        self._bytes += answer.size
        seconds = self._seconds + answer.size / self._rate
        answer.timer = asyncio.get_running_loop().call_later(seconds, self._late, answer)

    def end(self, answer: Answer) -> None:
        """See Answer.end."""
        if answer in self._unread:
            self._unread.discard(answer)
            self._bytes -= answer.size
        if answer.timer is not None:
            answer.timer.cancel()

    def make_room(self) -> None:
        """Close the connection with the most unread bytes, of those that have not read for a while."""
        now = time.monotonic()
        old = [answer for answer in self._unread if now - answer.began >= self._fair_seconds]
        if old:
            peer = _heaviest(old)
            self._shut(peer, "it reads nothing, and there is no room for the answers of others")

    def _late(self, answer: Answer) -> None:
        self._shut(
            answer.peer, f"{answer.size:,} bytes were not read in {time.monotonic() - answer.began:.0f} s"
        )

    def _shut(self, peer: str, why: str) -> None:
        if peer in self._closing:
            return
        self._closing.add(peer)
        log.warning("The connection of %s is closed: %s", peer, why)
        closing = asyncio.get_running_loop().run_in_executor(None, self._close, peer)
        closing.add_done_callback(lambda done: self._shut_down(peer, done))

    def _shut_down(self, peer: str, done: asyncio.Future[bool]) -> None:
        self._closing.discard(peer)
        if not done.cancelled() and not (done.exception() is None and done.result()):
            log.warning("The connection of %s was not found; it may have closed by itself", peer)


def _heaviest(answers: Iterable[Answer]) -> str:
    """Return the peer with the most bytes; a message without any counts too."""
    sizes: Counter[str] = Counter()
    for answer in answers:
        sizes[answer.peer] += answer.size + 1
    return sizes.most_common(1)[0][0]
