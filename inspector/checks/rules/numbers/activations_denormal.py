"""Activations so small that processors compute with them slowly."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.activity import LayerActivity, activity
from inspector.checks.measures.spreading import spread
from inspector.checks.rule import Found, rule
from inspector.checks.several import several


@rule(
    "activations-denormal",
    family="numbers",
    severity="warning",
    rationale="CPUs compute with denormal numbers many times more slowly, and other devices take them for 0.",
    mend="Look at the weights before the layer: channels that training let fade, or a scale that is far too small.",
    needs=("images", "runs"),
)
def activations_denormal(examination: Examination, *, share: float = 0.01) -> Iterator[Found]:
    """Find where layers begin of which more than a share of the values is denormal over the images."""
    found = examination.measured(activity)
    faded = {
        name
        for name, one in found.layers.items()
        if one.layer.dtype != "float16"  # of which they are numbers like others
        and one.tally.denormals > share * one.tally.count
    }
    yield from several(
        _told(found.layers[origin], found.over, len(reached) - 1, share)
        for origin, reached in spread(examination.model, faded).items()
    )


def _told(one: LayerActivity, over: str, behind: int, share: float) -> Found:
    layer, tally = one.layer, one.tally
    part = tally.denormals / tally.count
    others = f"; so it is with {behind:,} behind it" if behind else ""
    return Found(
        subject=layer.name,
        kind="layer",
        operator=layer.op_type,
        message=f"{part:.1%} of the values of layer {layer.name!r} ({layer.op_type}) are denormal numbers, "
        f"{over}{others}.",
        measured=f"{part:.1%}",
        allowed=f"{share:.1%}",
    )
