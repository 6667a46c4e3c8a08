"""Tables and series: numbers and words in rows, and curves over one axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inspector.types.arrays import Array
from inspector.types.results.base import Cell, Result, kind


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a table."""

    cells: tuple[Cell, ...]


@kind("table")
@dataclass(frozen=True, kw_only=True, eq=False)
class Table(Result):
    """Rows under columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    title: str = ""

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return the columns and the rows."""
        return self.columns, [row.cells for row in self.rows]

    def summary(self) -> list[str]:
        """Return the title."""
        return [self.title] if self.title else []


@kind("series")
@dataclass(frozen=True, kw_only=True, eq=False)
class Series(Result):
    """Curves over one axis, such as a distance over the angle by which the image is turned."""

    x: Array
    """float64 (P,): the places."""
    curves: Mapping[str, Array] = field(default_factory=dict)
    """By name: float64 (P,)."""
    x_label: str = ""
    y_label: str = ""
    title: str = ""
    names: tuple[str, ...] = ()
    """Of the curves, in their order, which a mapping on the wire does not keep."""

    def __post_init__(self) -> None:
        """Bring the curves into the order of their names; those without one come last."""
        names = tuple(dict.fromkeys((*(name for name in self.names if name in self.curves), *self.curves)))
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "curves", {name: self.curves[name] for name in names})

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per place."""
        columns = (self.x_label or "x", *self.curves)
        places = zip(self.x, *self.curves.values(), strict=True)
        return columns, [tuple(float(value) for value in place) for place in places]

    def summary(self) -> list[str]:
        """Return the title."""
        return [self.title] if self.title else []
