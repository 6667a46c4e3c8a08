"""What was measured of maps, beside the same of maps that mean nothing, as tables and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from inspector.types.arrays import Array
from inspector.types.results.base import Cell
from inspector.types.results.figure import Panel
from inspector.types.results.table import Row, Series, Table

LOWER, HIGHER = "lower", "higher"
MAP, RANDOM, GAUSSIAN = "map", "random", "Gaussian"
KINDS = (MAP, RANDOM, GAUSSIAN)
"""What stands side by side."""


@dataclass(kw_only=True)
class Scores:
    """Numbers by measure and kind of map, one for each image, in the order in which the measures were first taken."""

    better: dict[str, str] = field(default_factory=dict)
    found: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    curves: dict[tuple[str, str], list[Array]] = field(default_factory=dict)

    def add(self, measure: str, better: str, values: Mapping[str, float]) -> None:
        """Take what was measured of one image, by kind of map."""
        self.better.setdefault(measure, better)
        for kind, value in values.items():
            self.found.setdefault((measure, kind), []).append(value)

    def add_all(self, measure: str, better: str, values: Mapping[str, Sequence[float]]) -> None:
        """Take what was measured of all images at once, by kind of map."""
        self.better.setdefault(measure, better)
        for kind, one in values.items():
            self.found.setdefault((measure, kind), []).extend(one)

    def add_curve(self, name: str, kind: str, values: Array) -> None:
        """Take one image's curve."""
        self.curves.setdefault((name, kind), []).append(values)

    def table(self, *, title: str) -> Table:
        """Return a row per measure: means over images, and the standard deviation of the map's own."""
        rows = []
        for measure, better in self.better.items():
            cells: list[Cell] = [_mean(self.found.get((measure, kind))) for kind in KINDS]
            rows.append(Row(cells=(measure, better, *cells, _deviation(self.found.get((measure, MAP))))))
        return Table(columns=("measure", "better", *KINDS, "deviation"), rows=tuple(rows), title=title)

    def series(self, name: str, *, x_label: str, y_label: str, title: str) -> Series | None:
        """Return the mean curves of that name; None where there are none."""
        own = {kind: self.curves[name, kind] for kind in KINDS if (name, kind) in self.curves}
        if not own:
            return None
        curves = {kind: np.mean(values, axis=0) for kind, values in own.items()}
        places = np.linspace(0, 1, len(next(iter(curves.values()))))
        return Series(x=places, curves=curves, x_label=x_label, y_label=y_label, title=title)


def panel(title: str, result: Series | None, caption: str) -> list[Panel]:
    """Return a part of the figure; none where there is nothing in it."""
    return [] if result is None else [Panel(title=title, result=result, caption=caption)]


def _mean(values: Sequence[float] | None) -> float | None:
    known = [value for value in values or () if np.isfinite(value)]
    return float(np.mean(known)) if known else None


def _deviation(values: Sequence[float] | None) -> float | None:
    known = [value for value in values or () if np.isfinite(value)]
    return float(np.std(known)) if len(known) > 1 else None
