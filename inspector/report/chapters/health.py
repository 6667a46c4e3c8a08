"""Whether the filters are sound."""

from __future__ import annotations

from inspector.report.chapter import chapter
from inspector.report.draft import Draft


@chapter("health", order=74)
def health(draft: Draft) -> None:
    """Look for filters that are dead over the images, dominant, aliased, or there twice."""
    draft.section(
        "Are the filters sound",
        "Dead filters never fire on these images; a dominant one outweighs its layer; an aliased one answers to "
        "frequencies that its stride cannot keep; duplicates say the same twice (Zeiler & Fergus 2014, §4.1).",
    )
    with draft.part("examining the filters"):
        images = [subject.image for subject in draft.subjects[: 2 * draft.effort.images]]
        draft.show(draft.model.health(images), "the filters of all convolutions")
