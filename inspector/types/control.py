"""How a request runs, not what it asks: cancellation, progress, a time limit. The same in process and over the wire."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass
from math import isnan
from typing import Any

from inspector.errors import CancelledError, EngineError, InvalidInputError, LimitExceededError, in_brief
from inspector.types.given import as_number


class Cancellation:
    """A thread-safe token: `cancel()` ends what runs under it, now and later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._error: CancelledError | None = None
        self._stops: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._error is not None

    def cancel(self, reason: str | CancelledError = "cancelled by the caller") -> None:
        """Stop what runs under this token; the first reason stays."""
        error = reason if isinstance(reason, CancelledError) else None
        with self._lock:
            self._error = self._error or error or CancelledError(f"The run was stopped: {reason}.")
            stops = tuple(self._stops)
        for stop in stops:
            stop()

    def raise_if_cancelled(self) -> None:
        """Raise CancelledError if the token was cancelled: a fresh one, since several threads may raise it at once."""
        if self._error is not None:
            raise copy(self._error)

    def stopping(self, stop: Callable[[], None]) -> AbstractContextManager[None]:
        """While the block lasts, `cancel` calls `stop`, from its own thread; a cancelled token lets nothing start."""
        return self._stopping(stop)

    @contextmanager
    def _stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self.raise_if_cancelled()
            self._stops.append(stop)
        try:
            yield
        finally:
            with self._lock:
                self._stops.remove(stop)

    @contextmanager
    def branch(self) -> Iterator[Cancellation]:
        """Give what runs in the block a token of its own: it ends with this one, and this one outlives it."""
        own = Cancellation()
        with self.stopping(lambda: own.cancel(self._error or "cancelled by the caller")):
            yield own


class _Never(Cancellation):
    def cancel(self, reason: str | CancelledError = "") -> None:
        raise EngineError(f"The token of whoever never cancels was cancelled: {reason}.")

    def stopping(self, stop: Callable[[], None]) -> AbstractContextManager[None]:  # noqa: ARG002 — never called
        return nullcontext()


NEVER = _Never()
"""The token of whoever gave none."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a request is."""

    done: int
    total: int
    """Steps; their unit is the verb's: positions, images, samples."""
    partial: Any = None
    """The result as far as it is known, where the verb has one and the caller wants it."""


class Deadline:
    """The moment, fixed now, at which so many seconds are over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return how many seconds are left, at least 0."""
        return max(self._end - time.monotonic(), 0.0)


@dataclass(frozen=True, kw_only=True)
class Control:
    """What a caller holds in hand while a request runs."""

    progress: Callable[[Progress], None] | None = None
    """Told from the thread that works; verbs of one step tell nothing."""
    wants_partial: bool = False
    """Whether results that are not complete come with the progress."""
    cancellation: Cancellation = NEVER
    timeout: float | None = None
    """Seconds for the whole request, waiting included; DeadlineExceededError afterwards. None: the backend's own."""
    max_result_bytes: int | None = None
    """How large a result may be: a larger one is refused before it is computed, where its size can be known."""

    def __post_init__(self) -> None:
        """Take what the caller gave; InvalidInputError names what is none of it."""
        if self.progress is not None and not callable(self.progress):
            raise _unfit("progress", self.progress, "a function that is told how far it is")
        if not isinstance(self.cancellation, Cancellation):
            raise _unfit("cancellation", self.cancellation, "a Cancellation")
        object.__setattr__(self, "timeout", as_timeout(self.timeout))

    @property
    def can_end(self) -> bool:
        """Whether somebody follows the run, or may end it before it is done."""
        return self.progress is not None or self.timeout is not None or self.cancellation is not NEVER

    def require_room(self, size: int, *, what: str) -> None:
        """Raise LimitExceededError where a result of so many bytes may not be given."""
        if self.max_result_bytes is not None and size > self.max_result_bytes:
            raise LimitExceededError(
                f"{what} take about {size:,} bytes; a response holds at most {self.max_result_bytes:,}. Ask for fewer "
                "at a time.",
                reason="RESPONSE_TOO_LARGE",
            )

    def tell(self, done: int, total: int, partial: Callable[[], Any] | None = None) -> None:
        """Say how far it is; `partial` makes the result so far, and is called only where somebody wants it."""
        if self.progress is not None:
            made = partial() if partial is not None and self.wants_partial else None
            self.progress(Progress(done=done, total=total, partial=made))


def as_timeout(value: object, *, field: str = "timeout") -> float | None:
    """Read a time limit in seconds: a number, at least 0 where it is over at once; None for none."""
    seconds = as_number(value)
    if value is None or (seconds is not None and not isnan(seconds)):
        return seconds
    raise _unfit(field, value, "seconds as a number, or nothing for no limit")


def _unfit(field: str, value: object, allowed: str) -> InvalidInputError:
    return InvalidInputError(f"{field} is {in_brief(value, long='a {}')}; give {allowed}.", field=field)


FREE = Control()
"""The control of whoever gave none."""
