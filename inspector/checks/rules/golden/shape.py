"""Recorded outputs that are gone, or have another shape."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.recorded import recording
from inspector.checks.rule import Found, rule


@rule(
    "golden-shape",
    family="golden",
    severity="error",
    rationale="Who reads an output by its name, or by its place in a shape, breaks where another export gives another.",
    mend="Export with the same output names, and the same axes; or, if the change is meant, record anew with "
    "`inspector record`.",
    needs=("images", "expected"),
)
def golden_shape(examination: Examination) -> Iterator[Found]:
    """Find recorded outputs and layers that the model lacks, or gives in another shape."""
    recorded = examination.measured(recording)
    has = ", ".join(f"{one.name!r}" for one in examination.model.outputs)
    for name in recorded.missing:
        yield Found(
            subject=name,
            kind="output",
            message=f"The recorded output {name!r} is not among the model's outputs, nor is one of its shape.",
            measured=f"outputs {has}",
            allowed=f"an output {name!r}",
        )
    for one in recorded.tensors:
        if one.shapes != (one.shape,):
            given = " or ".join(map(str, one.shapes[:4]))
            wanted = one.shape
            yield Found(
                subject=one.subject,
                kind=one.kind,
                operator=one.operator,
                message=f"The {one.label} has the shape {given} per image, and {wanted} was recorded.",
                measured=given,
                allowed=f"{wanted}",
            )
