"""Occlusion maps that are others than the baseline's."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.drift.explanations import Compared, occlusion_drift
from inspector.checks.measures.drift.maps_told import told_of
from inspector.checks.rule import Found, rule


@rule(
    "occlusion-drift",
    family="drift",
    severity="warning",
    rationale="What an answer rests on is why it can be trusted; where that moved, it rests on something else.",
    mend="See which layer diverges first (layers-drift), and look at both models' occlusion maps.",
    needs=("baseline", "images", "runs"),
)
def occlusion_drifts(examination: Examination, *, median: float = 0.5) -> Iterator[Found]:
    """Find occlusion maps that rank places otherwise than the baseline's, of the class that the baseline answers."""
    maps: tuple[Compared, ...] = examination.measured(occlusion_drift)
    yield from told_of(examination, maps, what="occlusion", median=median)
