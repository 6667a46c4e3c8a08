"""Curves of invariance, laid out like Fig 5: a row per transformation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from inspector.engine.run import Run
from inspector.methods.figures.moving import Move
from inspector.render.arrange import stack
from inspector.render.grid import tile
from inspector.render.photograph import photograph_of
from inspector.render.text import line
from inspector.types.arrays import Array
from inspector.types.layouts import space_of
from inspector.types.results.base import Cell, Result
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.images import Images, Picture
from inspector.types.results.table import Row, Series, Table

_MOST_CURVES = 6
"""Of so many images each has a curve; of more there are the mean and two deciles."""
_TILE, _SHOWN = 220, 4
"""The side of an image that is shown, in pixels, and how many amounts are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What was measured of all images."""

    moves: Sequence[Move]
    distances: Sequence[Array]
    """Per move (images, P, layers), raw."""
    answers: Sequence[Array]
    """Per move (images, P)."""
    scales: Array
    """(layers,): by what distances are divided."""
    layers: Sequence[str]
    is_probability: bool
    images: Sequence[Array]
    """Per move, the first image moved by all amounts."""


def drawn(run: Run, found: Measured) -> Figure:
    """Return the figure: per move the images, a chart per layer, the answers; then the layers in one chart; numbers."""
    panels, compared = [], []
    answer = "probability" if found.is_probability else "value"
    for at, move in enumerate(found.moves):
        if space_of(run.engine.model.input.layout) == "HW":
            panels.append(_panel(move, "images", Images(images=(_strip(run, move, found.images[at]),))))
        normalized = found.distances[at] / found.scales
        for column, layer in enumerate(found.layers):
            curves = _per_image(normalized[:, :, column])
            panels.append(_panel(move, layer, _series(move, curves, "distance / between photographs")))
        panels.append(_panel(move, answer, _series(move, _per_image(found.answers[at]), answer)))
        means = {name: normalized[:, :, column].mean(axis=0) for column, name in enumerate(found.layers)}
        compared.append(
            _panel(
                move,
                "layers compared",
                _series(move, means | {answer: found.answers[at].mean(axis=0)}, "mean over images"),
            )
        )
    table = Panel(
        title="numbers", result=_table(found, answer), caption="Means over images; raw distances too."
    )
    columns = len(panels) // len(found.moves)
    return Figure(
        panels=(*panels, *compared, table),
        title="Invariance (Zeiler & Fergus 2014, Fig 5)",
        columns=columns,
        notes=run.notes,
    )


def _panel(move: Move, what: str, result: Result) -> Panel:
    return Panel(title=f"{move.kind}: {what}", result=result)


def _series(move: Move, curves: dict[str, Array], label: str) -> Series:
    return Series(x=move.amounts, curves=curves, x_label=move.label, y_label=label)


def _per_image(values: Array) -> dict[str, Array]:
    """Return the curves of (images, P): their own, or of many their mean and what nine of ten are above and below."""
    values = values.astype(np.float64)
    if len(values) <= _MOST_CURVES:
        own = {f"image {index}": curve for index, curve in enumerate(values)}
        return own | ({"mean": values.mean(axis=0)} if len(values) > 1 else {})
    low, high = np.quantile(values, [0.1, 0.9], axis=0)
    return {"mean": values.mean(axis=0), "lowest tenth": low, "highest tenth": high}


def _strip(run: Run, move: Move, images: Array) -> Picture:
    """Draw the first image moved by some of the amounts, each above its amount."""
    model = run.engine.model
    chosen = np.unique(np.rint(np.linspace(0, len(images) - 1, min(_SHOWN, len(images)))).astype(int))
    cells = []
    for index in chosen.tolist():
        photo = photograph_of(images[index], layout=model.input.layout, spec=model.preprocessing)
        shown = tile([Image.fromarray(photo)], cell=(_TILE, _TILE))
        cells.append(stack([shown, line(f"{move.amounts[index]:g}", width=_TILE, size=14)], gap=2))
    return Picture(
        pixels=np.asarray(tile(cells, columns=2, gap=6).convert("RGB")), caption=f"{move.kind}: {move.label}"
    )


def _table(found: Measured, answer: str) -> Table:
    rows = []
    for at, move in enumerate(found.moves):
        for place, amount in enumerate(move.amounts):
            answered = float(found.answers[at][:, place].mean())
            for column, layer in enumerate(found.layers):
                raw = float(found.distances[at][:, place, column].mean())
                cells: tuple[Cell, ...] = (
                    move.kind,
                    float(amount),
                    layer,
                    raw,
                    raw / float(found.scales[column]),
                    answered,
                )
                rows.append(Row(cells=cells))
    columns = ("transformation", "amount", "layer", "distance", "normalized", answer)
    return Table(columns=columns, rows=tuple(rows), title="Means over images")
