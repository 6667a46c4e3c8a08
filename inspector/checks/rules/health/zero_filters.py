"""Filters of zeros."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.filters import filters
from inspector.checks.rule import Found, rule
from inspector.checks.several import first_of, several


@rule(
    "zero-filters",
    family="health",
    severity="warning",
    rationale="A filter of zeros costs as much as any other, and gives the same for every image: it was pruned and "
    "never cut out, or its weights were lost.",
    mend="Cut the filters out of the layer, and their channels out of those that read it; or look for the step of the "
    "export that lost the weights.",
)
def zero_filters(examination: Examination, *, share: float = 0.25) -> Iterator[Found]:
    """Find convolutions of whose filters at least a share is zero in all weights."""
    yield from several(_found(examination, share))


def _found(examination: Examination, share: float) -> Iterator[Found]:
    for one in examination.measured(filters):
        zero = np.flatnonzero(one.are_zero)
        if len(zero) and len(zero) >= share * one.count:
            yield Found(
                subject=one.layer.name,
                kind="layer",
                operator=one.layer.op_type,
                message=f"{len(zero):,} of the {one.count:,} filters of {one.layer.name!r} are zero in all weights: "
                f"{first_of(zero.tolist())}.",
                measured=f"{len(zero):,} of {one.count:,} ({len(zero) / one.count:.0%})",
                allowed=f"less than {share:.0%}",
            )
