"""Filters that drown all others of their layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.filters import Filters, filters
from inspector.checks.rule import Found, rule
from inspector.checks.several import first_of, several


@rule(
    "dominant-filters",
    family="health",
    severity="warning",
    rationale="A filter far larger than the rest of its layer drowns them, and takes all steps of a quantization that "
    "has one scale for the layer; often a scale was lost or applied twice.",
    mend="Look at the layer's weights and scales where the model was exported; constrain filters in training.",
)
def dominant_filters(examination: Examination, *, dominance: float = 50.0) -> Iterator[Found]:
    """Find convolutions with filters so many times the median size of those of the layer that are not zero.

    The size of a filter is the root mean square of its weights, times what a normalization behind makes of it. Filters
    of depthwise convolutions are not judged, for they differ as the channels do that they read. Trained layers reach
    26 times.
    """
    yield from several(_found(examination, dominance))


def _found(examination: Examination, dominance: float) -> Iterator[Found]:
    for one in examination.measured(filters):
        median = _median(one)
        if one.is_depthwise or not median:
            continue
        large = np.flatnonzero(np.nan_to_num(one.rms) > dominance * median)
        if len(large):
            times = float(np.nanmax(one.rms)) / median
            yield Found(
                subject=one.layer.name,
                kind="layer",
                operator=one.layer.op_type,
                message=f"{len(large):,} of the {one.count:,} filters of {one.layer.name!r} dominate the others: "
                f"{first_of(large.tolist())}.",
                measured=f"{times:.3g} times the median",
                allowed=f"at most {dominance:g} times",
            )


def _median(one: Filters) -> float:
    known = one.rms[np.isfinite(one.rms) & (one.rms > 0)]
    return float(np.median(known)) if known.size else 0.0
