"""What the weights look like."""

from __future__ import annotations

from inspector.report.chapter import chapter
from inspector.report.draft import Draft


@chapter("filters", order=72)
def filters(draft: Draft) -> None:
    """Show the filters of the first layer with weights."""
    draft.section(
        "What the first filters look like",
        "The weights themselves, each filter over its own range (Zeiler & Fergus 2014, Fig 6).",
    )
    with draft.part("the filters of the first layer"):
        draft.show(draft.model.filters(), "filters of the first layer with weights")
