"""Whose turn it is: those who wait are served caller by caller, and a caller's connections one after the other."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
Who = tuple[str, str]
"""A caller, and the connection that it calls by."""


class Turns(Generic[T]):
    """What waits, and what runs, by who asked for it.

    The next is of the caller of whom the least runs, where several are equal of the one that was not served for the
    longest time; among its connections likewise; and of those the one that waits longest. So who asks for a hundred
    things at once waits longer for them, and nobody else does.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, OrderedDict[str, deque[T]]] = OrderedDict()
        self._running: Counter[str | Who] = Counter()

    def __len__(self) -> int:
        return sum(len(queue) for connections in self._waiting.values() for queue in connections.values())

    def add(self, who: Who, item: T) -> None:
        """Let something wait."""
        caller, connection = who
        self._waiting.setdefault(caller, OrderedDict()).setdefault(connection, deque()).append(item)

    def remove(self, who: Who, item: T) -> None:
        """Let something wait no longer; nothing happens where it does not wait."""
        caller, connection = who
        if caller in self._waiting and item in (queue := self._waiting[caller].get(connection, deque())):
            queue.remove(item)
            self._drop_empty(who)

    def next(self) -> tuple[Who, T] | None:
        """Take what is next, and put who asked for it to the end."""
        if not self._waiting:
            return None
        caller = min(self._waiting, key=self._running.__getitem__)
        connections = self._waiting[caller]
        connection = min(connections, key=lambda one: self._running[caller, one])
        item = connections[connection].popleft()
        connections.move_to_end(connection)
        self._waiting.move_to_end(caller)
        self._drop_empty((caller, connection))
        return (caller, connection), item

    def crowded_out(self, who: Who) -> tuple[Who, T] | None:
        """Take what gives its place to a newcomer: the last of who, even so, has no fewer waiting than the newcomer.

        None where nobody has: then the newcomer has to go.
        """
        caller, connection = who
        most = max(self._waiting, key=self._of, default=caller)
        if self._of(most) <= self._of(caller) + 1:
            most = caller
        connections: Mapping[str, deque[T]] = self._waiting.get(most, {})
        longest = max(connections, key=lambda one: len(connections[one]), default=None)
        if longest is None:
            return None
        if most == caller and len(connections[longest]) <= len(connections.get(connection, ())) + 1:
            return None
        item = connections[longest].pop()
        self._drop_empty((most, longest))
        return (most, longest), item

    def began(self, who: Who) -> None:
        """Count something as running."""
        self._running.update((who[0], who))

    def ended(self, who: Who) -> None:
        """Count it no longer, and let who asked for it wait behind the others."""
        caller, connection = who
        if caller in self._waiting:
            self._waiting.move_to_end(caller)
            if connection in self._waiting[caller]:
                self._waiting[caller].move_to_end(connection)
        for counted in (caller, who):
            self._running[counted] -= 1
            if self._running[counted] <= 0:
                del self._running[counted]

    def _of(self, caller: str) -> int:
        return sum(map(len, self._waiting.get(caller, {}).values()))

    def _drop_empty(self, who: Who) -> None:
        caller, connection = who
        connections = self._waiting[caller]
        if not connections[connection]:
            del connections[connection]
        if not connections:
            del self._waiting[caller]
