"""A result as notebooks show it."""

from __future__ import annotations

from inspector.render.answer import answer_of
from inspector.render.files import title_of
from inspector.render.templating import filled
from inspector.types.results.base import Result, shown_as

MOST_ROWS = 60
"""Of a table; the rest is counted."""


@shown_as("notebook")
def notebook(result: Result) -> str:
    """Return a result as a piece of HTML: its title, what it says, pictures, table and notes."""
    return filled("notebook.html.j2", answer=answer_of(result, title=title_of(result)), most=MOST_ROWS)
