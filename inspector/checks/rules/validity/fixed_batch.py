"""A batch size that is baked into the file."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule


@rule(
    "fixed-batch",
    family="validity",
    severity="info",
    rationale="A file of one batch size cannot use a server's batching, and pads what does not fill it.",
    mend="Export it with a dynamic first axis.",
)
def fixed_batch(examination: Examination) -> Iterator[Found]:
    """Find an image input whose first axis is a number."""
    given = examination.model.input
    if given.batch is not None:
        yield Found(
            subject=given.name,
            kind="input",
            message=f"The batch size is fixed to {given.batch}.",
            measured=f"{given.batch}",
            allowed="a dynamic first axis",
        )
