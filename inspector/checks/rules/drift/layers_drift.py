"""The first layer that computes something else than in the baseline."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.drift.divergence import (
    Allowed,
    Step,
    first_diverging,
    is_made_good,
    steps_of,
    worst_first,
)
from inspector.checks.measures.drift.layers import Drifts, layer_drift
from inspector.checks.measures.drift.limits import CLEAN, HALF, QUANTIZED, SINGLE, Limit, limits_of
from inspector.checks.measures.drift.matched import Matched, matched_layers
from inspector.checks.measures.drift.reasons import reason_of
from inspector.checks.measures.drift.ways import told_differences
from inspector.checks.rule import Found, rule
from inspector.findings.columns import COSINE, ERROR, LAYER, OWN_ERROR
from inspector.types.results.table import Row, Table

_COLUMNS = (
    LAYER,
    "operator",
    "baseline's layer",
    "matched by",
    ERROR,
    OWN_ERROR,
    COSINE,
    "signal to noise, dB",
    "largest difference",
    "worst image",
)


@rule(
    "layers-drift",
    family="drift",
    severity="error",
    rationale="What one layer gets wrong, all behind it inherit: mending starts at the first.",
    mend="Compare that layer's weights, attributes and scales with the baseline's; of a quantized model, calibrate "
    "with images that are prepared as in service, give weights a scale per channel, or leave the layer in floats.",
    needs=("baseline", "images", "runs"),
)
def layers_drift(
    examination: Examination,
    *,
    quantized: float = QUANTIZED,
    half: float = HALF,
    single: float = SINGLE,
    clean: float = CLEAN,
) -> Iterator[Found]:
    """Find the first layer whose relative error is above the limit and not explained by what it reads."""
    limits = limits_of(examination, quantized=quantized, half=half, single=single)
    matched: Matched = examination.measured(matched_layers)
    drifts: Drifts = examination.measured(layer_drift)
    steps = steps_of(matched, drifts)
    _show(examination, matched, steps)
    allowed = Allowed(limits=limits, clean=clean, hardly=single)
    first = first_diverging(steps, allowed)
    if first is None:
        return
    limit = allowed.of(first)
    if not is_made_good(matched, steps, drifts, limits, limit):
        yield _found(matched, steps, first, limit)


def _found(matched: Matched, steps: list[Step], first: Step, limit: Limit) -> Found:
    tensor, other = first.drift.pair.own, first.drift.pair.other
    name, operator = matched.own.name(tensor), matched.own.operator(tensor)
    sums = first.drift.sums
    read = ", ".join(
        f"{matched.own.name(one.pair.own)} ({one.sums.relative_error:.2g})" for one in first.inputs[:3]
    )
    before = (
        f"while what it reads drifts by {first.read:.2g}: {read}"
        if read
        else "and reads nothing that is matched"
    )
    if first.own > limit.value:
        far = "" if sums.broken else f", by {first.error:.3g} of its norm"
        said = f"{operator} {name!r} is the first layer that diverges{far}, {before}."
    else:
        most = sorted(steps[1:], key=lambda one: -one.own)[:3]
        named = ", ".join(f"{matched.own.name(one.drift.pair.own)} ({one.own:.2g})" for one in most)
        said = (
            f"Errors add up, and {operator} {name!r} is the first layer with a relative error above the limit, "
            f"{first.error:.3g}, {before}; most is added by {named}."
        )
    said += told_differences(matched, first.drift.pair)
    reason = reason_of(sums)
    ours, theirs = sums.at
    where = "At the first such place" if sums.broken else "Where both differ most,"
    values = f" {where} it has {ours:.4g}, the baseline's {matched.other.name(other)!r} {theirs:.4g}."
    return Found(
        message=said + (f" Seen over all images, {reason}." if reason else "") + values,
        subject=name,
        kind="layer",
        operator=operator,
        measured=f"relative error {first.error:.3g}, cosine {sums.cosine:.4f}, {sums.signal_to_noise:.1f} dB",
        allowed=f"relative error {limit}",
    )


def _show(examination: Examination, matched: Matched, steps: list[Step]) -> None:
    rows = []
    for one in worst_first(steps):
        pair, sums = one.drift.pair, one.drift.sums
        errors = sums.relative_errors
        rows.append(
            Row(
                cells=(
                    matched.own.name(pair.own),
                    matched.own.operator(pair.own),
                    matched.other.name(pair.other),
                    pair.by,
                    one.error,
                    one.own,
                    sums.cosine,
                    sums.signal_to_noise,
                    sums.largest,
                    int(errors.argmax()) if errors.size else None,
                )
            )
        )
    if rows:
        examination.show(
            "drift by layer",
            Table(columns=_COLUMNS, rows=tuple(rows), title=f"{len(rows)} layers, the worst first"),
            caption="‖a − b‖ / ‖b‖ of the model's values a and the baseline's b, over all images.",
        )
    examination.tell("matched_layers", len(steps))
