"""Calls that fail for a moment come again: which of them, when, and how often. Never two at once."""

from __future__ import annotations

import random

from inspector.errors import BusyError, InspectorError, ServerUnavailableError
from inspector.types.control import Deadline

RETRIES = 5
"""How many times a call comes again by default: over about five seconds, in which a server is started anew."""
FIRST_SECONDS = 0.2
"""The wait before the first repetition; each further one is twice as long."""
LONGEST_SECONDS = 5.0
"""The longest wait that the server did not ask for."""
PATIENCE_SECONDS = 30.0
"""A server that asks for more is not waited for: its caller decides."""


class Attempts:
    """What one call has behind it: it says after each failure when the call comes again, or that it does not.

    A busy server did nothing, so every call comes again. Where the server was lost on the way, it may have done what
    was asked: only a call that `is_repeatable` comes again then.
    """

    def __init__(self, *, retries: int, is_repeatable: bool, deadline: Deadline | None) -> None:
        """Allow so many repetitions, all of them with their waits before the deadline."""
        self._retries = retries
        self._is_repeatable = is_repeatable
        self._deadline = deadline
        self._failed = 0

    def seconds_left(self) -> float | None:
        """Return how long the next attempt may take; None for no end."""
        return None if self._deadline is None else self._deadline.left()

    def delay(self, error: InspectorError, *, was_connected: bool = True) -> float:
        """Return how many seconds to wait before the next attempt; raises the error where there is none.

        On a connection on which nobody has ever answered, the address is wrong rather than its server lost.
        """
        asked = self._asked(error, was_connected=was_connected)
        if asked is None or asked > PATIENCE_SECONDS or self._failed >= self._retries:
            raise error
        # As long as was asked, and a while that grows: not all whom a server sent away come back at once.
        grown = min(max(FIRST_SECONDS, asked) * 2.0**self._failed, max(LONGEST_SECONDS, asked))
        seconds = asked + grown * random.uniform(0.5, 1.0)  # noqa: S311 — nothing secret
        left = self.seconds_left()
        if left is not None and seconds >= left:
            raise error
        self._failed += 1
        return seconds

    def _asked(self, error: InspectorError, *, was_connected: bool) -> float | None:
        """Return how long the server wants to be left alone; None where the call does not come again."""
        match error:
            case BusyError():
                return error.retry_seconds
            case ServerUnavailableError(reason="WORKER_CRASHED"):
                return None  # the call itself ended it, and would end the next one
            case ServerUnavailableError() if self._is_repeatable and was_connected:
                return error.retry_seconds
        return None
