"""One answer as a page: its title, what it says, its pictures and tables; a figure part by part."""

from __future__ import annotations

from inspector.render.answer import Answer
from inspector.render.blocks import FigureSize
from inspector.render.report import ReportPage

_NARROW = 640
"""Pixels up to which a picture has others beside it."""


def result_page(answer: Answer) -> str:
    """Return the answer as one self-contained page."""
    page = ReportPage(answer.title)
    if not answer.parts:
        _add(page, answer, title=answer.title)
        return page.to_html()
    for line in answer.lines:
        page.add_text(line)
    for note in answer.notes:
        page.add_note(note)
    for place, part in enumerate(answer.parts, start=1):
        page.add_section(part.title or f"Part {place}")
        _add(page, part, title=part.title or f"Part {place}")
    return page.to_html()


def _add(page: ReportPage, answer: Answer, *, title: str) -> None:
    for line in answer.lines:
        page.add_text(line)
    for note in answer.notes:
        page.add_note(note)
    pictures = answer.pictures()
    is_row = len(pictures) > 1 and all(picture.width <= _NARROW for picture in pictures)
    for number, picture in enumerate(pictures, start=1):
        one_of = f" ({number} of {len(pictures)})" if len(pictures) > 1 else ""
        page.add_figure(picture, f"{title}{one_of}", size=FigureSize.MEDIUM if is_row else FigureSize.WIDE)
    columns, rows = answer.printed
    if rows:
        page.add_table(columns, rows)
    for part in answer.parts:
        page.add_group(part.title)
        _add(page, part, title=part.title)
