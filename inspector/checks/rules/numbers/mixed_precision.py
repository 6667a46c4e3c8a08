"""A few places that compute coarser than the rest of the model."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.islands import islands
from inspector.checks.rule import Found, rule
from inspector.checks.several import first_of
from inspector.findings.words import counted


@rule(
    "mixed-precision",
    family="numbers",
    severity="info",
    rationale="Codes or floats of 16 bits in a model that otherwise computes on floats of 32 are often left over from "
    "a trial: they cost exactness, save nothing, and everything behind them counts as coarse.",
    mend="Remove the casts or quantizers, or convert the whole model; silence this where a layer is meant to be so.",
)
def mixed_precision(examination: Examination, *, share: float = 0.25) -> Iterator[Found]:
    """Find places on codes or floats of 16 bits, where at most a share of the layers with weights compute so."""
    found = islands(examination.model)
    if not found.places or found.coarse > share * found.weighted:
        return
    named = [f"{operator} {name!r} ({what})" for name, operator, what in found.places]
    yield Found(
        message=f"The model computes on floats of 32 bits but for {counted(len(named), 'place')}: {first_of(named)}. "
        "Everything behind can only be as exact.",
        subject=found.places[0][0],
        kind="node",
        operator=found.places[0][1],
        measured=f"{found.coarse} of {found.weighted} layers with weights compute coarsely",
        allowed=f"none, or more than {share:.0%}",
    )
