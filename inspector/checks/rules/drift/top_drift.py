"""Answers that are other classes than the baseline's."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from inspector.checks.examination import Examination
from inspector.checks.measures.drift.answers import Agreement, top_agreement
from inspector.checks.rule import Found, rule


@rule(
    "top-drift",
    family="drift",
    severity="error",
    rationale="What users see of a classifier is the class that it answers.",
    mend="See which layer diverges first (layers-drift); of a quantized model, calibrate with more, and real, images.",
    needs=("baseline", "images", "runs"),
)
def top_drift(
    examination: Examination, *, top1: float = 0.7, top5: float = 0.6, places: float = 0.9
) -> Iterator[Found]:
    """Find a model that answers other classes than the baseline on more images than chance explains."""
    found: Agreement = examination.measured(top_agreement)
    if not found.images:
        return
    kept = found.images - len(found.changed)
    examination.tell("top1_agreement", kept / found.images)
    examination.tell("top5_agreement", found.shared)
    if _at_most(kept, found.images) < top1:
        named = ", ".join(map(str, found.changed[:8])) + (", …" if len(found.changed) > 8 else "")
        yield Found(
            message=f"On {len(found.changed)} of {found.images} images another class is answered than by the baseline "
            f"(images {named}).",
            measured=f"the same class on {kept} of {found.images}",
            allowed=f"on {top1:.0%}, but for chance",
            kind="output",
            subject=examination.run.engine.head.output,
        )
    if found.shared < top5:
        yield Found(
            message=f"Of the baseline's five best classes only {found.shared:.0%} are among the model's.",
            measured=f"{found.shared:.0%}",
            allowed=f"{top5:.0%}",
            kind="output",
            subject=examination.run.engine.head.output,
        )
    if found.places.size and float(found.places.mean()) < places:
        yield Found(
            message=f"At {1 - float(found.places.mean()):.0%} of all places another class is answered than by the "
            "baseline.",
            measured=f"the same class at {float(found.places.mean()):.0%} of the places",
            allowed=f"at {places:.0%}",
            kind="output",
            subject=examination.run.engine.head.output,
        )


def _at_most(kept: int, images: int) -> float:
    """Return the share of images with the same answer that so few images leave possible: one standard error above.

    The estimate is Agresti and Coull's (1998), with one more success and one more failure.
    """
    share = (kept + 1) / (images + 2)
    return share + sqrt(share * (1 - share) / (images + 2))
