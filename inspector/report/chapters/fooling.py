"""How little must change until the model answers otherwise."""

from __future__ import annotations

from inspector.report.chapter import chapter
from inspector.report.draft import Draft

PASSES = 63
"""Forward passes of one attack."""
IMAGES = 2


@chapter("fooling", order=65)
def fooling(draft: Draft) -> None:
    """Change a few images within a small bound until another class wins."""
    draft.section(
        "How little must change",
        "Each image is changed by two gray levels at most until another class wins (Madry et al. 2018). The change is "
        "magnified beside it.",
    )
    if not draft.has_classes:
        draft.note("Not shown: the model answers no classes.")
        return
    count = draft.effort.affordable(PASSES, most=IMAGES)
    if not count:
        draft.too_long("fool")
        return
    for subject in draft.subjects[:count]:
        with draft.part(f"fooling it about {subject.name}"):
            draft.show(draft.model.fool(subject.image), subject.name)
