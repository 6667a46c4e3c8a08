"""Correspondence as in the paper: Table 1, and the images under their masks, as in Fig 8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from inspector.engine.run import Run
from inspector.render.arrange import stack
from inspector.render.grid import tile
from inspector.render.photograph import photograph_of
from inspector.render.text import line
from inspector.types.arrays import Array
from inspector.types.results.base import Cell
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.images import Images, Picture
from inspector.types.results.table import Row, Series, Table

_CELL, _MOST_SHOWN = 128, 8
"""The side of an image that is shown, in pixels, and of how many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """What was found."""

    parts: Sequence[str]
    layers: Sequence[str]
    distances: Sequence[Array]
    """Per layer the Hamming distances (parts, 1 + draws, pairs): of the part's own boxes, then of random ones."""
    dimensions: Sequence[int]
    images: int
    masked: Sequence[Array]
    """Per image (parts, …)."""

    def normalized(self, layer: int) -> Array:
        """Return the distances per dimension."""
        found: Array = self.distances[layer] / self.dimensions[layer]
        return found


def drawn(run: Run, found: Compared) -> Figure:
    """Return the figure."""
    has_random = found.distances[0].shape[1] > 1
    panels = [
        Panel(
            title="Table 1",
            result=_table(found),
            caption="Per pair and dimension, its spread, and the raw sum Δ.",
        )
    ]
    if has_random:
        panels.append(Panel(title="random boxes", result=_random(found), caption="Of each part's own size."))
    panels.append(Panel(title="masked", result=Images(images=(Picture(pixels=_pictures(run, found)),))))
    if len(found.layers) > 2:
        panels.append(Panel(title="by depth", result=_by_depth(found)))
    return Figure(panels=tuple(panels), title=_title(found), notes=run.notes)


def _title(found: Compared) -> str:
    words = []
    for layer, name in enumerate(found.layers):
        values = found.normalized(layer)
        parts = [
            f"{part} {value:.3f}" for part, value in zip(found.parts, values[:, 0].mean(axis=1), strict=True)
        ]
        if values.shape[1] > 1:
            parts.append(f"random {values[:, 1:].mean():.3f}")
        words.append(f"{name}: {', '.join(parts)}")
    return f"How differently {found.images} images change; {'; '.join(words[:4])}"


def _table(found: Compared) -> Table:
    """Return, layer by layer, a row per part, and one of random boxes."""
    rows: list[tuple[Cell, ...]] = []
    for layer, (name, raw) in enumerate(zip(found.layers, found.distances, strict=True)):
        values = found.normalized(layer)
        for index, part in enumerate(found.parts):
            own = values[index, 0]
            rows.append((name, part, float(own.mean()), float(own.std()), float(2 * raw[index, 0].sum())))
        if raw.shape[1] > 1:
            draws = values[:, 1:].mean(axis=2)
            total = 2 * raw[:, 1:].sum(axis=2)
            rows.append((name, "random", float(draws.mean()), float(draws.std()), float(total.mean())))
    columns = ("layer", "occlusion", "difference", "spread", "raw sum")
    return Table(columns=columns, rows=tuple(Row(cells=row) for row in rows), title="Table 1")


def _random(found: Compared) -> Table:
    rows = []
    for index, part in enumerate(found.parts):
        for layer, name in enumerate(found.layers):
            values = found.normalized(layer)[index]
            draws, own = values[1:].mean(axis=1), float(values[0].mean())
            rows.append(
                Row(
                    cells=(
                        part,
                        name,
                        own,
                        float(draws.mean()),
                        float(draws.std()),
                        float(draws.min()),
                        float(draws.max()),
                        float((draws <= own).mean()),
                    )
                )
            )
    columns = ("part", "layer", "difference", "random", "spread", "lowest", "highest", "draws below")
    return Table(columns=columns, rows=tuple(rows), title="Random boxes of each part's size")


def _by_depth(found: Compared) -> Series:
    layers = range(len(found.layers))
    curves = {
        part: np.array([found.normalized(layer)[index, 0].mean() for layer in layers])
        for index, part in enumerate(found.parts)
    }
    if found.distances[0].shape[1] > 1:
        curves["random"] = np.array([found.normalized(layer)[:, 1:].mean() for layer in layers])
    return Series(
        x=np.arange(1.0, len(found.layers) + 1),
        curves=curves,
        x_label="layer, in the order given",
        y_label="share of features that change differently",
    )


def _pictures(run: Run, found: Compared) -> Array:
    """Draw a row per part: its images under their masks."""
    model, rows = run.engine.model, []
    for index, part in enumerate(found.parts):
        photos = [
            Image.fromarray(photograph_of(one[index], layout=model.input.layout, spec=model.preprocessing))
            for one in found.masked[:_MOST_SHOWN]
        ]
        shown = tile(photos, columns=len(photos), cell=(_CELL, _CELL))
        rows.append(stack([line(part, width=shown.width, size=14, left=True), shown], gap=2))
    return np.asarray(stack(rows, gap=8).convert("RGB"))
