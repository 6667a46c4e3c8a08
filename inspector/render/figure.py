"""A figure as one picture: its panels under their titles, as many beside each other as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from inspector.render.arrange import beside, stack
from inspector.render.tables import table_picture
from inspector.render.text import line
from inspector.types.results.base import picture_of
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.table import Table

_WIDTH = 1280
"""About how wide a figure is; a wider panel has a row of its own."""
_LEAST_TITLE = 200
"""How wide a panel is at least, so that its title can be read."""
_TITLE_SIZE, _PANEL_SIZE = 18, 15
_GAP = 20


@picture_of(Figure)
def draw_figure(result: Figure) -> list[Image.Image]:
    """Draw all panels as one picture; a part that is a table has a picture here, unless the figure has columns."""
    panels = [one for one in result.panels if not (result.columns and isinstance(one.result, Table))]
    cards = [card for panel in panels for card in _cards(panel)]
    if not cards:
        return []
    rows = [beside(row, gap=_GAP) for row in _rows(cards, columns=result.columns)]
    width = max(row.width for row in rows)
    title = [line(result.title, width=width, size=_TITLE_SIZE, left=True)] if result.title else []
    return [stack([*title, *rows], gap=_GAP)]


def _cards(panel: Panel) -> list[Image.Image]:
    pictures = panel.result.pictures()
    if not pictures:
        columns, rows = panel.result.table()
        pictures = [table_picture(columns, rows)] if columns else []
    cards = []
    for picture in pictures:
        width = max(picture.width, _LEAST_TITLE)
        title = [line(panel.title, width=width, size=_PANEL_SIZE, left=True)] if panel.title else []
        cards.append(stack([*title, picture.convert("RGB")], gap=4))
    return cards


def _rows(cards: Sequence[Image.Image], *, columns: int) -> list[list[Image.Image]]:
    """Return cards row by row, in their order, so many in each, or as many as fit where there is no number."""
    if columns:
        return [list(cards[start : start + columns]) for start in range(0, len(cards), columns)]
    rows: list[list[Image.Image]] = []
    for card in cards:
        filled = sum(one.width + _GAP for one in rows[-1]) if rows else 0
        if rows and filled + card.width <= _WIDTH:
            rows[-1].append(card)
        else:
            rows.append([card])
    return rows
