"""Layers that say the same whatever they see, since they stand at an end of their range."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.activity import LayerActivity, activity
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.operators.families import DEQUANTIZERS


@rule(
    "saturated",
    family="numbers",
    severity="warning",
    rationale="What stands at a bound has lost how far it went: later layers, and gradients, no longer see it.",
    mend="Look at the range before the layer: the input's scale, or of a quantized model the calibration.",
    needs=("images", "runs"),
)
def saturated(
    examination: Examination, *, share: float = 0.5, quantized_share: float = 0.1
) -> Iterator[Found]:
    """Find layers most of whose values stand at a bound (Clip, Sigmoid, Tanh, …), or codes at the ends of theirs.

    A bound of 0 does not count: there a rectifier rests. Codes have a share of their own, since a good calibration cuts
    off next to nothing.
    """
    found = examination.measured(activity)
    for_codes = set(examination.model.codes)
    yield from several(
        _told(one, found.over, allowed)
        for name, one in found.layers.items()
        for allowed in (quantized_share if name in for_codes or one.layer.op_type in DEQUANTIZERS else share,)
        if one.tally.at_low + one.tally.at_high > allowed * one.tally.count
    )


def _told(one: LayerActivity, over: str, allowed: float) -> Found:
    layer, tally = one.layer, one.tally
    part = (tally.at_low + tally.at_high) / tally.count
    ends = " or ".join(
        f"{value:.4g}"
        for count, value in ((tally.at_low, tally.lowest), (tally.at_high, tally.highest))
        if count
    )
    return Found(
        subject=layer.name,
        kind="layer",
        operator=layer.op_type,
        message=f"{part:.1%} of the values of layer {layer.name!r} ({layer.op_type}) stand at its bound, {ends}, "
        f"{over}.",
        measured=f"{part:.1%}",
        allowed=f"{allowed:.1%}",
    )
