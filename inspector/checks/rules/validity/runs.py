"""A model that does not run."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.copies import copies
from inspector.checks.rule import Found, rule


@rule(
    "runs",
    family="validity",
    severity="error",
    rationale="A file can be read and be valid, and still be refused by the runtime, or fail on every image.",
    mend="See the node that the message names: often an operator without a kernel for its types, or a size that is "
    "baked into a Reshape.",
)
def runs(examination: Examination) -> Iterator[Found]:
    """Find that ONNX Runtime does not load the model, or fails on one image."""
    found = examination.measured(copies)
    least = min((*found.shapes, *found.failures))
    if least in found.failures:
        yield Found(
            message=f"The model does not run on an image of shape {found.image}: {found.failures[least]}",
            measured="fails",
            allowed="an answer",
        )
