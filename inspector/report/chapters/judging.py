"""Whether the explanations can be believed: measured by what the model does."""

from __future__ import annotations

from inspector.report.chapter import chapter
from inspector.report.draft import Draft

METHODS = ("gradcam", "saliency", "guided")
PASSES = 200
"""Forward passes that one method costs with the counts below."""
REMOVALS, PERTURBATIONS, NEIGHBORS, RANDOMIZATIONS = 25, 20, 5, 3


@chapter("judging", order=25)
def judging(draft: Draft) -> None:
    """Judge the maps of a few methods on the first image, beside maps of no meaning."""
    draft.section(
        "Can the maps be believed",
        "A map is judged by what the model does when the pixels that it marks are deleted or inserted, when the image "
        "moves a little, and when the weights are random. What is no better than a random map, or a blob in the "
        "middle, says nothing about this model and this image.",
    )
    if not draft.has_classes:
        draft.note("Not shown: the model answers no classes, whose probability the measures watch.")
        return
    count = draft.effort.affordable(PASSES, most=len(METHODS))
    if not count:
        draft.too_long("judge")
        return
    subject = draft.subjects[0]
    for method in METHODS[:count]:
        with draft.part(f"judging {method} on {subject.name}"):
            found = draft.model.judge(
                subject.image,
                method=method,
                removals=REMOVALS,
                perturbations=PERTURBATIONS,
                neighbors=NEIGHBORS,
                randomizations=RANDOMIZATIONS,
            )
            draft.page.add_group(f"{method} on {subject.name}")
            draft.show(found, f"{method} on {subject.name}")
