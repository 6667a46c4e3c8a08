"""A number that a part of the server tells of itself; see `observing/metrics.py` for their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """A number now: its name, its value, and the values of its labels."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


Source = Callable[[], Iterable[Sample]]
"""Returns samples, at once; called from any thread, so it copies what may change meanwhile (`tuple(…)`)."""
