"""A report's blocks as one HTML page; every word that comes from outside is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import singledispatch
from html import escape
from importlib.resources import files

from inspector.render.blocks import (
    Block,
    Cell,
    Facts,
    Figure,
    FigureGrid,
    NoteBlock,
    Paragraph,
    Section,
    Subheading,
    TableBlock,
)

_PIXELATED_BELOW = 240
"""A picture narrower than this is enlarged by the browser: with its pixels as squares, not smoothed."""

# No script runs and nothing is fetched, whatever the texts hold.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(*, title: str, lead: str, footer: str, opening: Section, sections: Sequence[Section]) -> str:
    """Return the whole page; pictures are in it as data, styles too."""
    style = files("inspector.render").joinpath("report.css").read_text(encoding="utf-8")
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{style}</style>",
        "</head>",
        "<body>",
        "<header>",
        f"<h1>{escape(title)}</h1>",
        *([f'<p class="lead">{escape(lead)}</p>'] if lead else []),
        *map(_html, opening.blocks),
        *_contents(sections),
        "</header>",
        "<main>",
        *(_section(number, section) for number, section in enumerate(sections, start=1)),
        "</main>",
        *([f"<footer>{escape(footer)}</footer>"] if footer else []),
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(parts)


def _contents(sections: Sequence[Section]) -> Iterator[str]:
    if len(sections) > 1:
        links = (
            f'<li><a href="#section-{number}">{escape(section.title)}</a></li>'
            for number, section in enumerate(sections, start=1)
        )
        yield f'<nav aria-label="Contents"><ol>{"".join(links)}</ol></nav>'


def _section(number: int, section: Section) -> str:
    heading = f'<h2 id="heading-{number}">{escape(section.title)}</h2>'
    body = "\n".join(map(_html, section.blocks))
    return (
        f'<section id="section-{number}" aria-labelledby="heading-{number}">\n{heading}\n{body}\n</section>'
    )


@singledispatch
def _html(block: Block) -> str:
    raise TypeError(f"No HTML for {type(block).__name__}.")


@_html.register
def _(block: Paragraph) -> str:
    return f"<p>{escape(block.text)}</p>"


@_html.register
def _(block: Subheading) -> str:
    return f"<h3>{escape(block.text)}</h3>"


@_html.register
def _(block: NoteBlock) -> str:
    return f'<p class="note" role="note">{escape(block.text)}</p>'


@_html.register
def _(block: Facts) -> str:
    rows = (
        f"<div><dt>{escape(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in block.rows.items()
    )
    return f'<dl class="facts">{"".join(rows)}</dl>'


@_html.register
def _(block: TableBlock) -> str:
    numeric = [
        bool(block.rows) and all(not isinstance(row[column], str) for row in block.rows)
        for column in range(len(block.columns))
    ]
    kinds = [' class="number"' if is_number else "" for is_number in numeric]
    head = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>' for kind, name in zip(kinds, block.columns, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(f"<td{kind}>{_text(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in block.rows
    )
    caption = f"<caption>{escape(block.caption)}</caption>" if block.caption else ""
    # A region that scrolls must take the keyboard's focus, and then needs a name.
    name = escape(block.caption or ", ".join(block.columns))
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{name}">\n'
        f"<table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>\n</div>"
    )


@_html.register
def _(block: FigureGrid) -> str:
    figures = "\n".join(map(_figure, block.figures))
    return f'<div class="figures {block.size}">\n{figures}\n</div>'


def _figure(figure: Figure) -> str:
    kind = ' class="pixels"' if figure.width < _PIXELATED_BELOW else ""
    source = b64encode(figure.png).decode("ascii")
    return (
        f'<figure><img{kind} width="{figure.width}" height="{figure.height}" alt="{escape(figure.alt)}" '
        f'src="data:image/png;base64,{source}"><figcaption>{escape(figure.caption)}</figcaption></figure>'
    )


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.4g}"
