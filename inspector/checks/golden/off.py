"""Values that are further from the recorded ones than a tolerance allows: how many, and which most."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from inspector.checks.golden.tolerance import Tolerance
from inspector.checks.measures.apart import differences
from inspector.checks.measures.recorded import Recorded

MOST_SHOWN = 20
"""How many single values are told of."""


@dataclass(frozen=True, kw_only=True, order=True)
class Off:
    """One value that is off by more than is allowed."""

    away: float
    image: int
    index: tuple[int, ...]
    """In the tensor of that image."""
    expected: float
    found: float

    def __str__(self) -> str:
        place = f"at [{', '.join(map(str, self.index))}] " if self.index else ""
        return f"{self.found:.6g} for {self.expected:.6g} {place}of image {self.image}"


def off(recorded: Recorded, tolerance: Tolerance) -> tuple[int, list[Off]]:
    """Return how many values are off by more than is allowed, and those that are so most, worst first."""
    count, worst = 0, list[Off]()
    for image, expected, found in recorded.images():
        away = differences(expected, found)
        over = np.flatnonzero(away > tolerance.of(recorded, expected))
        count += len(over)
        first = over[np.argsort(-away[over], kind="stable")[:MOST_SHOWN]]
        worst = heapq.nlargest(
            MOST_SHOWN,
            [
                *worst,
                *(
                    Off(
                        away=float(away[place]),
                        image=image,
                        index=tuple(map(int, np.unravel_index(place, recorded.expected.shape[1:]))),
                        expected=float(expected[place]),
                        found=float(found[place]),
                    )
                    for place in first
                ),
            ],
            key=lambda one: one.away,
        )
    return count, worst
