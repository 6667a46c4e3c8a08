"""The layers, as they are listed."""

from __future__ import annotations

from inspector.report.chapter import chapter
from inspector.report.draft import Draft
from inspector.types.results.base import shown
from inspector.types.results.model_info import Layers


@chapter("listing", order=90)
def listing(draft: Draft) -> None:
    """List the layers with their shapes and receptive fields."""
    draft.section("The layers", "Receptive fields are computed from the graph.")
    columns, rows = Layers(layers=draft.layers).table()
    draft.page.add_table(columns, [[_cell(cell) for cell in row] for row in rows])


def _cell(cell: object) -> str | int:
    return cell if isinstance(cell, int) else shown(cell)  # type: ignore[arg-type]  # a cell of a table
