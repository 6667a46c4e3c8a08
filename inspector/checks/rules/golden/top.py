"""Other classes than those that were recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.golden.tolerance import require_tolerances
from inspector.checks.measures.precision import Precision, precision
from inspector.checks.measures.recorded import Recorded, recording
from inspector.checks.rule import Found, rule
from inspector.model.heads.head import CLASS_MAP, CLASSES, Head
from inspector.resolve.classes import output_by_class
from inspector.types.arrays import Array

_LEAST: Mapping[Precision, tuple[float, float]] = {
    Precision.SINGLE: (1.0, 1.0),
    Precision.HALF: (0.95, 1.0),
    Precision.QUANTIZED: (0.5, 0.75),
}
"""Shares of top-1 and top-5 agreement, where none are set. Of quantized models and their float model's answers to 20
photographs and 5 digits, good ones had 0.76 and 0.8, a badly calibrated one 0.36."""

_TIE = 1e-5
"""Classes whose recorded scores are so near, as a share of the range of scores, are as good as each other."""
_FEW = 5


@dataclass(frozen=True, kw_only=True)
class _Agreement:
    """In how many places, one per image or several of a map, the recorded class is the first, or among the first."""

    first: float
    among: float
    classes: int
    example: str
    """One image where it is not the first."""


@rule(
    "golden-top",
    family="golden",
    severity="error",
    rationale="Values may be a little off; another class is another answer.",
    mend="See golden-values for where the difference begins; of a quantized model, calibrate it on more, and on usual, "
    "images.",
    needs=("images", "expected"),
)
def golden_top(
    examination: Examination, *, top1: float | None = None, top5: float | None = None
) -> Iterator[Found]:
    """Find outputs of classes of which others win than those that were recorded."""
    require_tolerances("golden-top", {"top1": top1, "top5": top5})
    kind = examination.measured(precision)
    bounds = [usual if one is None else one for one, usual in zip((top1, top5), _LEAST[kind], strict=True)]
    judged = [
        (one, examination.run.engine.head_of(one.subject))
        for one in examination.measured(recording).tensors
        if one.kind == "output" and one.found is not None and one.found.size
    ]
    judged = [(one, head) for one, head in judged if head.meaning in (CLASSES, CLASS_MAP)]
    if not judged:
        raise SkippedError("no recorded output is one of classes of which one holds.")
    for one, head in judged:
        agreement = _agreement(one, head)
        shares = {"top-1": agreement.first}
        if agreement.classes > _FEW:
            shares["top-5"] = agreement.among
        if any(share < bound for share, bound in zip(shares.values(), bounds, strict=False)):
            told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
            allowed = ", ".join(f"{name} ≥ {bound:.1%}" for name, bound in zip(shares, bounds, strict=False))
            yield Found(
                subject=one.subject,
                kind="output",
                message=f"The {one.label} agrees with the recorded classes on {told}{agreement.example}.",
                measured=told,
                allowed=f"{allowed} ({'as set' if (top1, top5) != (None, None) else f'usual for {kind.value} models'})",
            )


def _agreement(one: Recorded, head: Head) -> _Agreement:
    first, among, example = 0, 0, ""
    expected, found = (_by_class(head, values) for values in (one.expected, one.found))
    for image, (recorded, given) in enumerate(zip(expected, found, strict=True)):
        places = np.arange(recorded.shape[1])
        winner, now = recorded.argmax(axis=0), given.argmax(axis=0)
        finite = np.isfinite(recorded)
        tie = _TIE * float(np.ptp(recorded[finite])) if finite.any() else 0.0
        is_first = ~np.isnan(given).any(axis=0) & (recorded[now, places] >= recorded.max(axis=0) - tie)
        before = np.count_nonzero(given > given[winner, places], axis=0)
        first += int(np.count_nonzero(is_first))
        among += int(np.count_nonzero(~np.isnan(given).any(axis=0) & (is_first | (before < _FEW))))
        if not example and not is_first.all():
            place = int(np.flatnonzero(~is_first)[0])
            example = f"; on image {image} class {now[place]} wins instead of {winner[place]}"
    count = expected.shape[0] * expected.shape[2]
    return _Agreement(first=first / count, among=among / count, classes=expected.shape[1], example=example)


def _by_class(head: Head, values: Array | None) -> Array:
    """Return (N, classes, places) scores, float64."""
    found = output_by_class(head, np.asarray(values, np.float64))
    return found.reshape(*found.shape[:2], -1)
