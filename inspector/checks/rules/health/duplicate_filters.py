"""Filters that are there more than once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.filters import filters
from inspector.checks.rule import Found, rule
from inspector.checks.several import first_of, several


@rule(
    "duplicate-filters",
    family="health",
    severity="warning",
    rationale="Filters that repeat each other see the same: the layer is smaller than it costs, was hardly trained, "
    "or got the same weights twice.",
    mend="Look at the layer's weights where it was trained; where they are alike there too, train a smaller layer.",
)
def duplicate_filters(
    examination: Examination, *, likeness: float = 0.999, share: float = 0.25
) -> Iterator[Found]:
    """Find convolutions of whose filters at least a share correlates with another of its group.

    `likeness` is the least correlation of duplicates; trained layers have up to an eighth above the default.
    """
    yield from several(_found(examination, likeness, share))


def _found(examination: Examination, likeness: float, share: float) -> Iterator[Found]:
    for one in examination.measured(filters):
        alike = np.flatnonzero(np.nan_to_num(one.alike, nan=-1.0) >= likeness)
        if len(alike) and len(alike) >= share * one.count:
            pairs = [f"{index} like {one.twins[index]}" for index in alike.tolist()]
            yield Found(
                subject=one.layer.name,
                kind="layer",
                operator=one.layer.op_type,
                message=f"{len(alike):,} of the {one.count:,} filters of {one.layer.name!r} repeat another: "
                f"{first_of(pairs)}.",
                measured=f"{len(alike):,} of {one.count:,} ({len(alike) / one.count:.0%})",
                allowed=f"less than {share:.0%} with a correlation of {likeness:g}",
            )
