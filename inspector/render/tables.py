"""A table as a picture, for figures: words and numbers in columns."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from inspector.render.arrange import PAPER
from inspector.render.text import INK, drawable, font, line, shorten
from inspector.types.results.base import Cell, shown

_SIZE = 14
_ROW = 21
_GAP = 18
_WIDEST = 560
"""A column's width, at most."""
_MOST_ROWS = 32
_RULE = (200, 202, 206)


def table_picture(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Image.Image:
    """Draw a table, numbers to the right; of very many rows the first."""
    face = font(_SIZE)
    texts = [[drawable(shown(cell)) for cell in row] for row in rows[:_MOST_ROWS]]
    widths = [
        min(_WIDEST, int(max(face.getlength(text) for text in (name, *(row[place] for row in texts)))) + 1)
        for place, name in enumerate(columns)
    ]
    are_numbers = [
        all(isinstance(row[place], int | float) or row[place] is None for row in rows)
        for place in range(len(columns))
    ]
    width = sum(widths) + _GAP * (len(widths) - 1)
    picture = Image.new("RGB", (width, _ROW * (len(texts) + 1) + 4), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.line([(0, _ROW), (width, _ROW)], fill=_RULE)
    for number, row in enumerate([list(columns), *texts]):
        left = 0
        for text, cell, is_number in zip(row, widths, are_numbers, strict=True):
            words = shorten(text, face, width=cell)
            x = left + cell if is_number else left
            y = number * _ROW + _ROW / 2 + (3 if number else 0)
            draw.text((x, y), words, fill=INK, font=face, anchor="rm" if is_number else "lm")
            left += cell + _GAP
    if len(rows) > len(texts):
        more = line(f"… and {len(rows) - len(texts):,} more rows", width=width, size=_SIZE, left=True)
        whole = Image.new("RGB", (width, picture.height + more.height), PAPER)
        whole.paste(picture, (0, 0))
        whole.paste(more, (0, picture.height))
        return whole
    return picture
