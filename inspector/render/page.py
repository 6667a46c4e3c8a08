"""A report's blocks as one HTML page, with styles and pictures in it."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.render.blocks import Section
from inspector.render.templating import filled


def page(*, title: str, lead: str, footer: str, opening: Section, sections: Sequence[Section]) -> str:
    """Return the whole page; every word that comes from outside is escaped."""
    return filled("page.html.j2", title=title, lead=lead, footer=footer, opening=opening, sections=sections)
