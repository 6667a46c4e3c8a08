"""Images that the model takes, and the baseline does not."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.drift.both import baseline_of, both_prepared
from inspector.checks.rule import Found, rule
from inspector.types.results.model_info import ImageInput


@rule(
    "inputs-differ",
    family="drift",
    severity="error",
    rationale="Models that do not take the same images cannot be compared: that nothing was found says nothing then.",
    mend="Compare with a baseline whose input has the same size, export one of both with a free size, or give pictures "
    "instead of arrays.",
    needs=("baseline", "images", "runs"),
)
def inputs_differ(examination: Examination) -> Iterator[Found]:
    """Find a baseline that does not take the model's images, or has another fixed size of them."""
    own, other = examination.model.input, baseline_of(examination).engine.model.input
    differing = [
        f"{name} {one} instead of {two}"
        for name, one, two in (
            ("height", own.height, other.height),
            ("width", own.width, other.width),
            ("channels", own.channels, other.channels),
        )
        if one is not None and two is not None and one != two
    ]
    if differing:
        yield _found(
            own,
            other,
            f"The model's images have {', '.join(differing)}: layers whose shapes differ by that are not compared.",
        )
        return
    try:
        next(both_prepared(examination, most=1), None)
    except SkippedError as error:
        yield _found(own, other, f"Nothing is compared: {error}")


def _found(own: ImageInput, other: ImageInput, message: str) -> Found:
    return Found(message=message, subject=own.name, kind="input", measured=_shape(own), allowed=_shape(other))


def _shape(given: ImageInput) -> str:
    sizes = "×".join("any" if not isinstance(size, int) else str(size) for size in given.image_shape)
    return f"{sizes} ({given.layout})"
