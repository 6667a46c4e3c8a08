"""How much memory one image takes."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.costs import image_costs
from inspector.checks.rule import Found, rule


@rule(
    "activation-memory",
    family="budget",
    severity="warning",
    rationale="Beside the weights, a device must hold the tensors that are alive at once: on small ones they decide "
    "whether the model runs at all.",
    mend="Smaller images, fewer channels in the first layers, or int8 activations; or allow more.",
)
def activation_memory(examination: Examination, *, most: int | None = None) -> Iterator[Found]:
    """Find more than `most` bytes of activations alive at once for one image; tell how many.

    Each tensor counts from the node that computes it to the last one that reads it, in the order of the graph: a
    runtime that fuses nodes holds less.
    """
    found = examination.measured(image_costs)
    examination.tell("activation_bytes", found.peak_bytes)
    if most is not None and found.peak_bytes > most:
        yield Found(
            message=f"One image of {found.size} holds {found.peak_bytes:,} bytes of activations at once.",
            measured=f"{found.peak_bytes:,} bytes",
            allowed=f"{most:,} bytes",
        )
