"""Pixels in another range than the graph is made for."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import Found, rule
from inspector.methods.prepared import unexpected_range


@rule(
    "pixel-range",
    family="preprocessing",
    severity="error",
    rationale="A model that gets 0 to 1 where it was made for 0 to 255, or the other way round, answers all the same, "
    "and is wrong.",
    mend="Mend the scale, mean or std beside the model, or give them (`preprocessing=`); where the graph divides by "
    "255 itself, the scale is 1.",
)
def pixel_range(examination: Examination) -> Iterator[Found]:
    """Find a preprocessing, or values of the first image, in another range than the graph itself scales from."""
    model = examination.model
    if model.takes is None:
        raise SkippedError("the graph does not say which values it wants for black and white.")
    first = None
    if examination.has_images:
        _, first = next(iter(examination.prepared(most=1)))
    told = unexpected_range(model, first)
    if told is not None:
        yield Found(
            subject=model.input.name,
            kind="input",
            message=told,
            measured="another range",
            allowed=f"{model.takes[0]:g} to {model.takes[1]:g}",
        )
