"""Which pixels of the image a unit of a layer can see.

A unit at index i of a spatial axis sees the pixels from offset + stride·i to offset + stride·i + size − 1
(Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019).
Near the border padding, ceil_mode and rows that floor rounding leaves unused make the true window smaller:
where the image's size is fixed, the exact windows are kept beside the formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from inspector.errors import InvalidInputError

Interval = tuple[int, int]
"""First and last pixel, both included; empty where the last comes before the first."""


@dataclass(frozen=True, kw_only=True)
class AxisField:
    """The receptive field along one axis of the image, in pixels."""

    size: int
    """Pixels that one unit sees away from the borders; 0 where it sees all of an image of free size."""
    stride: Fraction
    """Pixels between the windows of neighboring units; 0 where all units see the same window."""
    offset: Fraction
    """First pixel of unit 0's window; negative where that lies in the padding."""
    extent: int | None
    """The image's size along this axis; None where it is free."""
    windows: tuple[Interval, ...] | None
    """The exact window of every unit in an image of size `extent`; one where the tensor has no such axis."""

    @property
    def covers_all(self) -> bool:
        """Whether every unit sees the image from end to end."""
        if self.windows is not None and self.extent is not None:
            return all(window == (0, self.extent - 1) for window in self.windows)
        return self.size == 0

    def window(self, index: int, extent: int) -> Interval:
        """Return the window of unit `index` within an image of `extent` pixels."""
        if self.windows is not None and extent == self.extent:
            if len(self.windows) == 1 and self.stride == 0:
                return self.windows[0]
            if not 0 <= index < len(self.windows):
                raise InvalidInputError(
                    f"Unit {index} does not exist: this axis has the units 0 to {len(self.windows) - 1}.",
                    field="position",
                )
            return self.windows[index]
        if self.size == 0:
            return 0, extent - 1
        first = self.offset + self.stride * index
        return max(0, ceil(first)), min(extent - 1, floor(first + self.size - 1))


@dataclass(frozen=True)
class ReceptiveField:
    """The window of every unit of a layer, rows and columns apart."""

    rows: AxisField
    columns: AxisField

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a window away from the borders; 0 where it is all of an image of free size."""
        return self.rows.size, self.columns.size

    @property
    def stride(self) -> tuple[float, float]:
        """Pixels between the windows of neighboring units, down and across; 0 for a global layer."""
        return _number(self.rows.stride), _number(self.columns.stride)

    @property
    def offset(self) -> tuple[float, float]:
        """Top and left of unit (0, 0)'s window; negative where that lies in the padding."""
        return _number(self.rows.offset), _number(self.columns.offset)

    @property
    def covers_all(self) -> bool:
        """Whether every unit sees the whole image."""
        return self.rows.covers_all and self.columns.covers_all

    def window(self, row: int, col: int, *, height: int, width: int) -> tuple[int, int, int, int]:
        """Return (top, left, bottom, right) of a unit's window, clipped to the image; bottom and right
        excluded.

        A unit that sees only padding has an empty window (bottom ≤ top). For an image of another size than
        the model declares, the clipped formula is used.
        """
        top, last_row = self.rows.window(row, height)
        left, last_column = self.columns.window(col, width)
        return top, left, max(top, last_row + 1), max(left, last_column + 1)


def _number(value: Fraction) -> float:
    return value.numerator if value.denominator == 1 else float(value)
