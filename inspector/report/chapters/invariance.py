"""What may move, grow or turn without another answer."""

from __future__ import annotations

from inspector.report.chapter import chapter
from inspector.report.draft import Draft

PASSES = 52
"""Forward passes of one image."""
IMAGES = 3


@chapter("invariance", order=60)
def invariance(draft: Draft) -> None:
    """Shift, enlarge and turn a few images, and show how far features move and what becomes of the answer."""
    draft.section(
        "What may move without another answer",
        "The images are shifted, enlarged and turned (Zeiler & Fergus 2014, Fig 5): how far the features of the first "
        "and the last layer move, each by its own measure, and what becomes of the class's probability.",
    )
    count = draft.effort.affordable(PASSES, most=IMAGES)
    if not count:
        draft.too_long("invariance")
        return
    with draft.part("moving the images"):
        images = [subject.image for subject in draft.subjects[:count]]
        draft.show(draft.model.invariance(images), "under shifts, enlargements and turns")
