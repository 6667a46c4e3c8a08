"""What the model answers."""

from __future__ import annotations

from inspector.render.blocks import FigureSize
from inspector.report.chapter import chapter
from inspector.report.draft import Draft, thumbnail
from inspector.types.results.base import shown
from inspector.types.results.predictions import Predictions


@chapter("answers", order=10)
def answers(draft: Draft) -> None:
    """Show what the model says about each image."""
    draft.section("What the model answers", "The first of what it answers on each image.")
    rows: list[tuple[str, str]] = []
    for subject, found in zip(draft.subjects, draft.answers, strict=True):
        with draft.part(f"the answer on {subject.name}"):
            words = in_words(found)
            draft.notes_of(found)
            drawn = found.pictures() or ([] if subject.picture is None else [subject.picture])
            if drawn:
                draft.page.add_figure(thumbnail(drawn[0]), f"{subject.name}: {words}", size=FigureSize.SMALL)
            else:
                rows.append((subject.name, words))
    if rows:
        draft.page.add_table(("input", "answer"), rows)


def in_words(found: Predictions) -> str:
    """Return the answer on one image as one line."""
    columns, rows = found.table()
    lines = [line.removeprefix("image 0: ") for line in found.summary()]
    return "; ".join([*lines, *(_row(dict(zip(columns, row, strict=True))) for row in rows[:3])])


def _row(cells: dict[str, object]) -> str:
    named = {name: cell for name, cell in cells.items() if name != "image" and cell is not None}
    number = next(
        (named[name] for name in ("probability", "confidence", "number", "score") if name in named), ""
    )
    plain = f"class {named['class']}" if "class" in named else named.get("value", "")
    name = named.get("label", plain)
    return f"{name} {shown(number)}".strip()  # type: ignore[arg-type]  # a cell of a table
