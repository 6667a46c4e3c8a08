"""The parts of a figure side by side: as many in a row as it has columns, tables aside."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inspector.types.results.figure import Figure, Panel
from inspector.types.results.images import Images, Picture
from inspector.types.results.table import Row, Table

BLUE = np.array([0, 0, 255], np.uint8)


def square(side: int = 300) -> Images:
    return Images(images=(Picture(pixels=np.broadcast_to(BLUE, (side, side, 3)).copy()),))


def blue_runs(picture: Image.Image, axis: int) -> int:
    """Return how many separate blue stretches there are along an axis."""
    is_blue = (np.asarray(picture) == BLUE).all(axis=2).any(axis=axis)
    return int(np.count_nonzero(np.diff(is_blue.astype(int), prepend=0) == 1))


def test_columns_decide_how_many_stand_side_by_side() -> None:
    panels = tuple(Panel(title="", result=square()) for _ in range(5))

    for columns in (1, 2, 5):
        (picture,) = Figure(panels=panels, columns=columns).pictures()
        assert blue_runs(picture, 0) == columns
        assert blue_runs(picture, 1) == -(-5 // columns)


def test_with_columns_tables_are_left_to_the_numbers() -> None:
    table = Panel(title="numbers", result=Table(columns=("a",), rows=(Row(cells=(1,)),) * 9))
    square_panel = Panel(title="", result=square())
    with_columns, without = (
        Figure(panels=(square_panel, table), columns=columns).pictures()[0] for columns in (1, 0)
    )
    alone = Figure(panels=(square_panel,), columns=1).pictures()[0]

    assert with_columns.size == alone.size
    assert without.size != alone.size
