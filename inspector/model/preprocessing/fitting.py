"""Sizes that pictures are brought to because the model does not run on their own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Size = tuple[int, int]
"""Height and width."""


class Fitting:
    """Which sizes stand in for others. One for each run: it remembers which pictures' sizes it was asked for."""

    def __init__(self, replacements: Mapping[Size, Size] = MappingProxyType({})) -> None:
        self._replacements = dict(replacements)
        self.asked: set[Size] = set()

    def of(self, size: Size) -> Size:
        """Return the size for a picture that would have `size` after its preprocessing: the same, or another."""
        self.asked.add(size)
        return self._replacements.get(size, size)

    @property
    def replaced(self) -> dict[Size, Size]:
        """The sizes of pictures that were replaced."""
        return {size: other for size, other in self._replacements.items() if size in self.asked}

    def and_then(self, size: Size, other: Size) -> Fitting:
        """Return what replaces one size more."""
        return Fitting({**self._replacements, size: other})
