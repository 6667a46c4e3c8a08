"""Markdown of texts that others wrote: a model's names stand in it as they are, and none of them acts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from inspector.types.visible import visible

_MARKS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_BEGINNINGS = re.compile(r"^(\s*)(?=[-#+=>:]|\d+[.)])")
"""Of lines that would be a heading, an item of a list, a quotation or a rule."""


def plain_text(text: str) -> str:
    """Return a text as it is written, in one line: nothing in it is markup or HTML; an address may become a link."""
    marked = _MARKS.sub(lambda found: f"\\{found[0]}", escape(visible(text), quote=False))
    return _BEGINNINGS.sub(r"\1&#8203;", marked)


def code(text: str) -> str:
    """Return a text as code: between as many backticks as it needs; a bar is kept from ending a cell of a table."""
    shown = visible(text)
    if not shown.strip():
        return plain_text(shown)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    if "|" in shown:  # within code a backslash before it would stand there, but for tables
        return f"<code>{plain_text(shown)}</code>"
    return f"{fence}{space}{shown}{space}{fence}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, whose cells are Markdown already."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
