"""How many parameters there are."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule


@rule(
    "parameters",
    family="budget",
    severity="warning",
    rationale="The number of parameters is what a network is compared by, and bounds the memory of its weights.",
    mend="Take a smaller variant, prune it, or allow more.",
)
def parameters(examination: Examination, *, most: int | None = None) -> Iterator[Found]:
    """Find more than `most` elements of weights, biases and constants (scalars and shapes aside); tell how many."""
    count = examination.model.file.parameters
    examination.tell("parameters", count)
    if most is not None and count > most:
        yield Found(
            message=f"The model has {count:,} parameters, {count - most:,} more than allowed.",
            measured=f"{count:,}",
            allowed=f"{most:,}",
        )
