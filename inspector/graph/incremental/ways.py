"""Which part of an input a part of an output is computed from, along one axis of space."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.arrays import Array


@dataclass(frozen=True, kw_only=True)
class Way:
    """Output o reads the inputs from stride·o + first to stride·o + last; those that do not exist are padding."""

    stride: int = 1
    first: int = 0
    last: int = 0

    @property
    def is_same(self) -> bool:
        """Whether output o reads input o alone."""
        return self == SAME

    def start(self, start: Array) -> Array:
        """Return the first input that is read for the outputs from `start` on, of as many as there are starts."""
        return self.stride * start + self.first

    def length(self, length: int) -> int:
        """Return how many inputs are read for so many outputs that lie side by side."""
        return self.stride * (length - 1) + self.last - self.first + 1

    def reads_beyond(self, *, outputs: int, inputs: int) -> bool:
        """Return whether any of all outputs reads padding."""
        return self.first < 0 or self.stride * (outputs - 1) + self.last >= inputs

    def over(self, before: Way) -> Way:
        """Return the way from what `before` reads to these outputs, where this one reads what `before` gives."""
        return Way(
            stride=before.stride * self.stride,
            first=before.stride * self.first + before.first,
            last=before.stride * self.last + before.last,
        )


SAME = Way()

Ways = dict[str, Way]
"""By role of an axis of space ("H", "W")."""
