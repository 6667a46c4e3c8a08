"""How many there may be of one kind of call."""

from __future__ import annotations

from inspector.errors import BusyError


class Slots:
    """A number of places. Nobody waits for one: a call that finds none is refused."""

    def __init__(self, what: str, *, most: int) -> None:
        """Offer `most` places; `what` are plural words for an error: "health probes"."""
        self._what = what
        self.most = most
        self.taken = 0

    def take(self) -> None:
        """Take a place; BusyError where there is none."""
        if self.taken >= self.most:
            raise BusyError(
                f"There are {self.taken} {self._what} at once; no more may be. Try again soon.",
                retry_seconds=1.0,
            )
        self.taken += 1

    def leave(self) -> None:
        """Give a place back."""
        self.taken -= 1
