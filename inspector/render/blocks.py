"""What a report is made of: plain data, in the order in which it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Cell = str | int | float

_ENLARGED_BELOW = 240
"""Pixels across."""


class FigureSize(StrEnum):
    """How much room a figure gets; figures of one size that follow each other share a grid."""

    SMALL = "small"
    """Many in a row: patches, projections of single units."""
    MEDIUM = "medium"
    """Two to four in a row: a photograph and its maps."""
    WIDE = "wide"
    """A row of its own: tile grids, scatter plots."""


_ACROSS = {FigureSize.SMALL: 6, FigureSize.MEDIUM: 5, FigureSize.WIDE: 1}
"""How many of a size stand in a row on paper, at most."""


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Plain text."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Subheading:
    """The title of a group within a section."""

    text: str


@dataclass(frozen=True, kw_only=True)
class NoteBlock:
    """Something to know before a picture is believed."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names and what is known under them."""

    rows: Mapping[str, Cell]


@dataclass(frozen=True, kw_only=True)
class TableBlock:
    """Rows under column headings; a column of numbers is set as such."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str | None
    bars: tuple[float, ...] = ()
    """Per row, 0..1: how full a bar is that is drawn in the column `bar_of`; none where empty."""
    bar_of: int = 0

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Per column, whether it holds numbers alone."""
        return tuple(
            bool(self.rows) and all(not isinstance(row[place], str) for row in self.rows)
            for place in range(len(self.columns))
        )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that is told, in sentences that a cell of a table would have no room for."""

    place: str
    """Where it is; empty for nowhere in particular."""
    text: str
    details: Mapping[str, Cell]


@dataclass(frozen=True, kw_only=True)
class Entries:
    """What is told under one name, and remarks that are about all of it."""

    name: str
    entries: tuple[Entry, ...]
    remarks: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture as PNG, with words below it and in its place."""

    png: bytes
    width: int
    height: int
    caption: str
    alt: str

    @property
    def is_small(self) -> bool:
        """Whether the browser enlarges it: with its pixels as squares, not smoothed."""
        return self.width < _ENLARGED_BELOW


@dataclass(frozen=True, kw_only=True)
class FigureGrid:
    """Figures of one size."""

    size: FigureSize
    figures: list[Figure] = field(default_factory=list)

    @property
    def across(self) -> int:
        """How many stand in a row on paper: all of a few, else rows that are about equally long."""
        count, most = len(self.figures), _ACROSS[self.size]
        return -(-count // -(-count // most)) if count else 1


Block = Paragraph | Subheading | NoteBlock | Facts | TableBlock | Entries | FigureGrid


@dataclass(frozen=True, kw_only=True)
class Section:
    """A title and what stands under it."""

    title: str
    blocks: list[Block] = field(default_factory=list)
