"""Layers that give what is no number."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.activity import LayerActivity, activity
from inspector.checks.measures.spreading import spread
from inspector.checks.rule import Found, rule
from inspector.checks.several import several


@rule(
    "activations-finite",
    family="numbers",
    severity="error",
    rationale="NaN or infinity in a layer spreads to what follows, where answers become NaN, or are right by luck.",
    mend="Look at what the layer reads: an overflow, a division by 0, a root or logarithm of what is not positive, or "
    "pixels in another range than in training.",
    needs=("images", "runs"),
)
def activations_finite(examination: Examination) -> Iterator[Found]:
    """Find the layers where NaN or infinity first arises over the images; −∞ that reaches no output is a mask."""
    found = examination.measured(activity)
    outputs = {output.name for output in examination.model.outputs}
    odd = {name for name, one in found.layers.items() if one.tally.nans or one.tally.infinities}
    yield from several(
        _told(found.layers[origin], found.over, reached, sorted(outputs & reached))
        for origin, reached in spread(examination.model, odd).items()
        if outputs & reached or not all(_is_mask(found.layers[name]) for name in reached)
    )


def _is_mask(one: LayerActivity) -> bool:
    return not one.tally.nans and not one.tally.has_positive_infinity


def _told(one: LayerActivity, over: str, reached: set[str], outputs: list[str]) -> Found:
    tally, layer = one.tally, one.layer
    counts = " and ".join(
        f"{count:,} {what}" for count, what in ((tally.nans, "NaN"), (tally.infinities, "infinite")) if count
    )
    behind = len(reached) - 1
    spreads = (
        f"It spreads to {behind:,} layer{'' if behind == 1 else 's'} behind it"
        if behind
        else "It does not spread"
    )
    answers = f", and to the output {', '.join(map(repr, outputs))}" if outputs else ", and to no output"
    return Found(
        subject=layer.name,
        kind="layer",
        operator=layer.op_type,
        message=f"Layer {layer.name!r} ({layer.op_type}) is the first that gives {counts} of {tally.count:,} values, "
        f"{over}. {spreads}{answers}.",
        measured=f"{tally.nans + tally.infinities:,} of {tally.count:,}",
        allowed="0",
    )
