"""What one caller may have of a server at once: calls, calls per second, bytes of requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from inspector.errors import BusyError
from inspector.service.security.caller import Caller

_SWEEP = 4096
"""So many callers are remembered before those are forgotten of whom nothing is left to remember."""


@dataclass(kw_only=True)
class _Account:
    """What a caller has now."""

    calls: int = 0
    size: int = 0
    left: float
    """Calls that it may begin at once."""
    seen: float
    """When `left` was true."""


class Quotas:
    """Counts per caller. For one event loop, not for threads."""

    def __init__(
        self,
        *,
        calls: int,
        size: int,
        per_second: float = 0.0,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let a caller have so many `calls` and so many bytes (`size`) at once.

        With `per_second`, `burst` calls may come at once, and so many per second in the long run.
        """
        self._calls = calls
        self._size = size
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._accounts: dict[str, _Account] = {}

    def __len__(self) -> int:
        return len(self._accounts)

    @contextmanager
    def calling(self, caller: Caller) -> Iterator[None]:
        """Count a call for the length of a block; BusyError where the caller has too many, or too often."""
        account = self._account(caller.key)
        if account.calls >= self._calls:
            raise _too_much(f"{account.calls} calls of yours are under way, and no more may be at once")
        if self._per_second and account.left < 1:
            seconds = (1 - account.left) / self._per_second
            raise _too_much(
                f"You have made more than {self._per_second:g} calls per second", retry_seconds=seconds
            )
        account.left -= 1
        account.calls += 1
        try:
            yield
        finally:
            account.calls -= 1
            self._forget_if_idle(caller.key, account)

    @contextmanager
    def holding(self, caller: Caller, size: int) -> Iterator[None]:
        """Count the bytes of a request for the length of a block; BusyError where the caller's are too many.

        A lone request is taken however large it is: the limit of a message bounds it.
        """
        account = self._account(caller.key)
        if account.size and account.size + size > self._size:
            raise _too_much(
                f"Your calls that are under way hold {account.size:,} bytes; with this one's {size:,} they would hold "
                f"more than {self._size:,}"
            )
        account.size += size
        try:
            yield
        finally:
            account.size -= size
            self._forget_if_idle(caller.key, account)

    def _forget_if_idle(self, key: str, account: _Account) -> None:
        if account.calls == 0 and account.size == 0 and not self._per_second:
            self._accounts.pop(key, None)

    def _account(self, key: str) -> _Account:
        now = self._clock()
        account = self._accounts.get(key)
        if account is None:
            if len(self._accounts) >= _SWEEP:
                self._forget(now)
            account = self._accounts[key] = _Account(left=self._burst, seen=now)
        account.left = self._left(account, now)
        account.seen = now
        return account

    def _left(self, account: _Account, now: float) -> float:
        return min(self._burst, account.left + (now - account.seen) * self._per_second)

    def _forget(self, now: float) -> None:
        """Drop the accounts that are as a new one would be."""
        idle = [
            key
            for key, account in self._accounts.items()
            if account.calls == 0 and account.size == 0 and self._left(account, now) >= self._burst
        ]
        for key in idle:
            del self._accounts[key]


def _too_much(what: str, *, retry_seconds: float = 1.0) -> BusyError:
    return BusyError(f"{what}. Try again later.", retry_seconds=retry_seconds, reason="CALLER_LIMIT")
