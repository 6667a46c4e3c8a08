"""Preprocessing that nobody wrote down."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.check.rule import rule
from inspector.engine.run import Run


@rule(
    "preprocessing-assumed",
    severity="warning",
    rationale="A model that gets pixels in another range than in training answers, and is wrong without a word.",
    mend="Write it into the file's metadata (inspector.preprocessing) or beside it.",
)
def preprocessing_assumed(run: Run) -> Iterator[tuple[str, str]]:
    """Find parts of the preprocessing that neither the file nor one beside it says."""
    model = run.engine.model
    if model.preprocessing.assumed and model.input.layout != "NC":
        yield model.input.name, f"The preprocessing is assumed: {', '.join(model.preprocessing.assumed)}."
