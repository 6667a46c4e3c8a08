"""Memory files that carry one long body after another: to fill pages that are there takes a fifth of making them."""

from __future__ import annotations

import os

MOST_FILES = 2
"""That are kept: of as many operations at once as most workers have."""
MOST_BYTES = 8 << 20
"""Of a file that is kept."""


class Shelf:
    """The memory files for one receiver, which sees no other's bytes in them. Not for several threads at once."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._closed = False

    def take(self) -> int:
        """Return the descriptor of a file that nobody else uses."""
        return self._free.pop() if self._free else os.memfd_create("inspector", os.MFD_CLOEXEC)

    def give(self, memory: int) -> None:
        """Take a file back, once its receiver has read it."""
        is_kept = not self._closed and len(self._free) < MOST_FILES
        if is_kept and os.fstat(memory).st_size <= MOST_BYTES:
            self._free.append(memory)
        else:
            os.close(memory)

    def close(self) -> None:
        """Give the memory back; of files that are out, when they come back."""
        self._closed = True
        while self._free:
            os.close(self._free.pop())
