"""A batch size that is baked into the file."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.check.rule import rule
from inspector.engine.run import Run


@rule(
    "fixed-batch",
    severity="info",
    rationale="A file of one batch size cannot use a server's batching, and pads what does not fill it.",
    mend="Export it with a dynamic first axis.",
)
def fixed_batch(run: Run) -> Iterator[tuple[str, str]]:
    """Find an image input whose first axis is a number."""
    batch = run.engine.model.input.batch
    if batch is not None:
        yield run.engine.model.input.name, f"The batch size is fixed to {batch}."
