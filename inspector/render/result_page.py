"""One answer as a page: its title, what it says, its pictures and tables; a figure part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PIL.Image import Image

from inspector.render.answer import Answer
from inspector.render.blocks import FigureSize
from inspector.render.report import ReportPage

_NARROW = 640
"""Pixels up to which a picture has others beside it."""


def result_page(answer: Answer) -> str:
    """Return the answer as one self-contained page."""
    page = ReportPage(answer.title)
    add_answer(page, answer, title=answer.title, note=page.add_note)
    return page.to_html()


def add_answer(
    page: ReportPage, answer: Answer, *, title: str, note: Callable[[str], None], rows: int | None = None
) -> None:
    """Add an answer to a page: lines, notes (as `note` does), pictures under the title, tables; then its parts.

    Where `rows` is given the page is one for reading: a table has at most so many, and what is drawn has none.
    """
    for line in answer.lines:
        if line != title:
            page.add_text(line)
    for one in answer.notes:
        note(one)
    pictures = answer.pictures() if not answer.parts or answer.is_composed else []
    _add_pictures(page, answer, pictures, title=title)
    columns, cells = answer.printed
    if cells and (rows is None or not pictures):
        page.add_table(columns, cells[:rows])
        if rows is not None and len(cells) > rows:
            page.add_text(f"The first {rows} of {len(cells)} rows.")
    for place, part in enumerate(answer.parts, start=1):
        if answer.is_composed:
            if not part.printed[1] or (rows is not None and part.pictures()):
                for one in part.notes:
                    note(one)
                continue  # the picture of the whole holds the rest of it
            part = replace(part, pictures=list)  # noqa: PLW2901
        name = part.title or f"Part {place}"
        page.add_group(name)
        add_answer(page, part, title=name, note=note, rows=rows)


def _add_pictures(page: ReportPage, answer: Answer, pictures: Sequence[Image], *, title: str) -> None:
    is_row = len(pictures) > 1 and all(picture.width <= _NARROW for picture in pictures)
    for number, picture in enumerate(pictures, start=1):
        one_of = f" ({number} of {len(pictures)})" if len(pictures) > 1 else ""
        size = FigureSize.MEDIUM if is_row else FigureSize.WIDE
        own = answer.captions[number - 1] if len(answer.captions) == len(pictures) else ""
        page.add_figure(picture, own or f"{title}{one_of}", size=size)
