"""Weights so small that processors compute with them slowly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.tally import least_normal
from inspector.checks.measures.weights import Weight, float_weights
from inspector.checks.rule import Found, rule
from inspector.checks.several import several


@rule(
    "weights-denormal",
    family="numbers",
    severity="warning",
    rationale="CPUs compute with denormal numbers many times more slowly, and other devices take them for 0.",
    mend="Set weights below the smallest normal number to 0 before the export: they add nothing.",
)
def weights_denormal(examination: Examination, *, share: float = 0.01) -> Iterator[Found]:
    """Find constants of which more than a share is denormal: not 0, and below the smallest normal number."""
    yield from several(
        _told(weight, count, share)
        for weight in float_weights(examination.model)
        if weight.dtype in ("float32", "float64", "bfloat16")  # of float16 they are numbers like others
        and (count := _denormals(weight)) > share * weight.size
    )


def _denormals(weight: Weight) -> int:
    least = least_normal(weight.dtype)
    return weight.count(lambda part: (part != 0) & (np.abs(part) < least))


def _told(weight: Weight, count: int, share: float) -> Found:
    size = weight.size
    return Found(
        subject=weight.name,
        kind="tensor",
        message=f"{count:,} of {size:,} weights of {weight.name!r} are denormal numbers.",
        measured=f"{count / size:.1%}",
        allowed=f"{share:.1%}",
    )
