"""Saliency maps that are others than the baseline's."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.drift.explanations import Compared, saliency_drift
from inspector.checks.measures.drift.maps_told import told_of
from inspector.checks.rule import Found, rule


@rule(
    "saliency-drift",
    family="drift",
    severity="warning",
    rationale="What a score reacts to is how a model answers; where that moved, it answers for other reasons.",
    mend="See which layer diverges first (layers-drift), and look at both models' saliency maps.",
    needs=("baseline", "images", "runs"),
)
def saliency_drifts(examination: Examination, *, median: float = 0.9) -> Iterator[Found]:
    """Find saliency maps that rank places otherwise than the baseline's, of the class that the baseline answers."""
    maps: tuple[Compared, ...] = examination.measured(saliency_drift)
    yield from told_of(examination, maps, what="saliency", median=median)
