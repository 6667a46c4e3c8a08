"""Preprocessing that nobody wrote down."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule


@rule(
    "preprocessing-assumed",
    family="preprocessing",
    severity="info",
    rationale="A model that gets pixels in another range than in training answers, and is wrong without a word. "
    "Hardly any exported file says how its images are made, so that an assumption is no fault by itself.",
    mend="Write it into the file's metadata (inspector.preprocessing) or beside it (inspector.json); "
    '`inspector.load(…, preprocessing="imagenet")` tries one.',
)
def preprocessing_assumed(examination: Examination) -> Iterator[Found]:
    """Find parts of the preprocessing that neither the file nor one beside it says."""
    model = examination.model
    assumed = model.preprocessing.assumed
    if assumed and model.input.layout != "NC":
        yield Found(
            subject=model.input.name,
            kind="input",
            message=f"The preprocessing is assumed: {', '.join(assumed)}.",
            measured=f"{len(assumed)} assumed",
            allowed="0 assumed",
        )
