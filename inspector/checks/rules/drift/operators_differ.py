"""Layers that are computed by another operator, or otherwise, than in the baseline, and drift little."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.drift.divergence import Allowed, Step, first_diverging, is_made_good, steps_of
from inspector.checks.measures.drift.layers import Drifts, layer_drift
from inspector.checks.measures.drift.limits import CLEAN, HALF, QUANTIZED, SINGLE, limits_of
from inspector.checks.measures.drift.matched import Matched, matched_layers
from inspector.checks.measures.drift.ways import told_differences
from inspector.checks.measures.precision import Precision
from inspector.checks.rule import Found, rule
from inspector.checks.several import several


@rule(
    "operators-differ",
    family="drift",
    severity="info",
    rationale="A layer that computes by another rule is another layer, also where it hardly drifts on these images, or "
    "what it gets wrong is made good again behind it: on other images it may not be.",
    mend="Export the layer with the baseline's operator and attributes, or silence this where the change is meant.",
    needs=("baseline", "images", "runs"),
)
def operators_differ(examination: Examination, *, least: float = 1e-4) -> Iterator[Found]:
    """Find layers of other operators or attributes that drift by more than rounding, and less than layers-drift allows.

    Both compute in floats there: what quantization changes is no other operator.
    """
    matched: Matched = examination.measured(matched_layers)
    drifts: Drifts = examination.measured(layer_drift)
    limits = limits_of(examination, quantized=QUANTIZED, half=HALF, single=SINGLE)
    steps = steps_of(matched, drifts)
    allowed = Allowed(limits=limits, clean=CLEAN, hardly=SINGLE)
    told = first_diverging(steps, allowed)
    if told is not None and is_made_good(matched, steps, drifts, limits, allowed.of(told)):
        told = None
    yield from several(
        _found(matched, one, told_other, least)
        for one in steps[1:]
        if one is not told
        and limits.of(one.drift.pair).precision is Precision.SINGLE
        and one.drift.pair.by != "order"
        and one.own > least
        and one.read <= one.error / 2
        and (told_other := told_differences(matched, one.drift.pair))
    )


def _found(matched: Matched, step: Step, told_other: str, least: float) -> Found:
    tensor = step.drift.pair.own
    name, operator = matched.own.name(tensor), matched.own.operator(tensor)
    return Found(
        message=f"{operator} {name!r} is computed otherwise than in the baseline, and drifts by {step.error:.2g} of "
        f"its norm.{told_other}",
        subject=name,
        kind="layer",
        operator=operator,
        measured=f"relative error {step.error:.2g}",
        allowed=f"{least:g}, as of the same computation in another order",
    )
