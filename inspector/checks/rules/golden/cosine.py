"""Outputs that point elsewhere than those that were recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.golden.tolerance import require_tolerances
from inspector.checks.measures.apart import apart
from inspector.checks.measures.precision import Precision, precision
from inspector.checks.rule import Found, rule

_LEAST: Mapping[Precision, float] = {
    Precision.SINGLE: 0.9999,
    Precision.HALF: 0.999,
    Precision.QUANTIZED: 0.8,
}
"""Of quantized models and their float model's answers, good ones had 0.86 and more on any of 25 images, a badly
calibrated one 0.49 to 0.75."""


@rule(
    "golden-cosine",
    family="golden",
    severity="error",
    rationale="The angle between an answer and the recorded one leaves their scale aside, so it also judges a model "
    "that computes less exactly, such as a quantized one.",
    mend="Look for the first layer that differs; of a quantized model, calibrate it on more, and on usual, images.",
    needs=("images", "expected"),
)
def golden_cosine(examination: Examination, *, least: float | None = None) -> Iterator[Found]:
    """Find recorded outputs and layers whose cosine with those of today is small on some image."""
    require_tolerances("golden-cosine", {"least": least})
    tensors = [one for one in examination.measured(apart) if one.cosines]
    if not tensors:
        raise SkippedError("no recorded tensor has several values and the shape of today.")
    kind = examination.measured(precision)
    bound = _LEAST[kind] if least is None else least
    source = f"usual for {kind.value} models" if least is None else "as set"
    for one in tensors:
        cosines = np.nan_to_num(np.asarray(one.cosines), nan=-np.inf)
        below = int(np.count_nonzero(cosines < bound))
        if below:
            image = int(cosines.argmin())
            shown = (
                f"{cosines[image]:.5f}" if np.isfinite(cosines[image]) else "no number, for NaN or infinity"
            )
            yield Found(
                subject=one.recorded.subject,
                kind=one.recorded.kind,
                operator=one.recorded.operator,
                message=f"On {below} of {len(cosines)} images the {one.recorded.label} points elsewhere than what was "
                f"recorded, most on image {image}: the cosine is {shown}.",
                measured=f"cosine {shown}",
                allowed=f"cosine ≥ {bound:g} ({source})",
            )
