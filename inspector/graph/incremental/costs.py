"""What work costs on a machine: measured elsewhere, plain numbers here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from inspector.graph.incremental.work import Work

SMALL, LARGE = 8, 32
"""The sides of the maps on which work is measured."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Seconds, on one thread."""

    small: Mapping[str, float]
    """By kind of work, per unit of it, on maps of SMALL × SMALL places."""
    large: Mapping[str, float]
    """The same on maps of LARGE × LARGE places."""
    call: float
    """Of a run that does nothing."""
    byte: float
    """Of a byte that is copied into a crop."""
    crop: float
    """Of a crop, beside its bytes."""

    def of(self, work: Work, *, area: int) -> float:
        """Return what work on a map of so many places costs, beside the call: between the two that were measured."""
        share = (log(max(area, 1)) - 2 * log(SMALL)) / (2 * log(LARGE) - 2 * log(SMALL))
        share = min(max(share, 0.0), 1.0)
        return sum(
            (self.small[kind] * (1 - share) + self.large[kind] * share) * amount
            for kind, amount in work.items()
        )
