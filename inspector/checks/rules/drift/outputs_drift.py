"""Outputs that are others than the baseline's."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.drift.divergence import Allowed, Step, first_diverging, on_way, steps_of
from inspector.checks.measures.drift.layers import Drift, Drifts, layer_drift
from inspector.checks.measures.drift.limits import CLEAN, HALF, QUANTIZED, SINGLE, Limit, limits_of
from inspector.checks.measures.drift.matched import Matched, matched_layers
from inspector.checks.measures.drift.reasons import reason_of
from inspector.checks.measures.drift.ways import told_differences
from inspector.checks.rule import Found, rule
from inspector.checks.several import listed
from inspector.types.results.table import Row, Table


@rule(
    "outputs-drift",
    family="drift",
    severity="error",
    rationale="The answers are not those of the model that was trained and judged.",
    mend="See which layer diverges first (layers-drift), or whether images are prepared differently "
    "(preprocessing-differs).",
    needs=("baseline", "images", "runs"),
)
def outputs_drift(
    examination: Examination,
    *,
    quantized: float = QUANTIZED,
    half: float = HALF,
    single: float = SINGLE,
) -> Iterator[Found]:
    """Find outputs whose relative error is above the limit, or that the baseline has and the model has not."""
    limits = limits_of(examination, quantized=quantized, half=half, single=single)
    matched: Matched = examination.measured(matched_layers)
    drifts: Drifts = examination.measured(layer_drift)
    steps = steps_of(matched, drifts)
    allowed = Allowed(limits=limits, clean=CLEAN, hardly=single)
    for one in drifts.outputs:
        first = first_diverging(on_way(steps, one.pair.own), allowed)
        yield from _output(one, limits.of(one.pair), _beginning(matched, first))
    given = {one.pair.other for one in drifts.outputs}
    for output in matched.other.model.outputs:
        if output.name not in given:
            yield Found(
                message=f"The baseline's output {output.name!r} corresponds to none of the model's.",
                subject=output.name,
                kind="output",
                measured=f"{len(matched.own.model.outputs)} outputs",
                allowed=f"{len(matched.other.model.outputs)} outputs",
            )
    _show(examination, drifts)


def _beginning(matched: Matched, first: Step | None) -> str:
    """Say at which layer a difference begins, and what is other there; empty where none stands out."""
    if first is None:
        return ""
    own, tensor = matched.own, first.drift.pair.own
    behind = f" behind {listed(own.name(one.pair.own) for one in first.inputs)}" if first.inputs else ""
    said = f" The difference begins at {own.operator(tensor)} {own.name(tensor)!r}{behind}."
    return said + told_differences(matched, first.drift.pair)


def _output(drift: Drift, limit: Limit, beginning: str) -> Iterator[Found]:
    name, sums = drift.pair.own, drift.sums
    if drift.unlike:
        count = len(drift.unlike) + sums.images
        yield Found(
            message=f"The output {name!r} has another shape than the baseline's on {len(drift.unlike)} of {count} "
            "images.",
            subject=name,
            kind="output",
            measured=f"another shape on {len(drift.unlike)} of {count} images",
            allowed="the same shape",
        )
    error = sums.relative_error
    if error <= limit.value:
        return
    errors = sums.relative_errors
    reason = reason_of(sums)
    far = (
        ""
        if sums.broken
        else f" by {error:.3g} of its norm, most on image {int(errors.argmax())} ({errors.max():.3g})"
    )
    yield Found(
        message=f"The output {name!r} differs from the baseline's{far}"
        + (f"; {reason}." if reason else ".")
        + beginning,
        subject=name,
        kind="output",
        measured=f"relative error {error:.3g}, cosine {sums.cosine:.4f}",
        allowed=f"relative error {limit}",
    )


def _show(examination: Examination, drifts: Drifts) -> None:
    rows = [
        Row(
            cells=(
                one.pair.own,
                one.pair.other,
                one.sums.relative_error,
                one.sums.cosine,
                float(one.sums.cosines.min()),
                one.sums.largest,
            )
        )
        for one in drifts.outputs
        if one.sums.images
    ]
    columns = (
        "output",
        "baseline's",
        "relative error",
        "cosine",
        "worst image's cosine",
        "largest difference",
    )
    if rows:
        examination.show("drift of the outputs", Table(columns=columns, rows=tuple(rows)))
