"""Which pixels of the image a unit of a layer can see.

A unit at index i of a spatial axis sees the pixels from offset + stride·i to offset + stride·i + size − 1
(Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019).
Near the border padding, ceil_mode and rows that floor rounding leaves unused make the true window smaller:
where the image's size is fixed, the exact windows are kept beside the formula.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """The window of every unit of a layer, each axis of the image's space apart."""

    axes: tuple[AxisField, ...]
    """In the image's order: (rows, columns) of an image, one of a signal, three of a volume."""
    places: tuple[int | None, ...] = ()
    """For each of them, which coordinate of a unit's position runs along it; None where none does.

    (0, 1) in a layer whose maps lie as the image does, (1, 0) where the graph swapped rows and columns."""

    def __post_init__(self) -> None:
        """Take the image's own order where none is given."""
        if not self.places:
            object.__setattr__(self, "places", tuple(range(len(self.axes))))

    @property
    def rows(self) -> AxisField:
        """Down the image, the last axis but one; of a signal, which has none, its only axis."""
        return self.axes[-2] if len(self.axes) > 1 else self.axes[-1]

    @property
    def columns(self) -> AxisField:
        """Across the image, the last axis."""
        return self.axes[-1]

    @property
    def size(self) -> tuple[int, ...]:
        """Pixels of a window away from the borders, per axis; 0 where it is all of an image of free size."""
        return tuple(axis.size for axis in self.axes)

    @property
    def stride(self) -> tuple[float, ...]:
        """Pixels between the windows of neighboring units, per axis of the image; 0 for a global layer."""
        return tuple(_number(axis.stride) for axis in self.axes)

    @property
    def offset(self) -> tuple[float, ...]:
        """First pixels of the first unit's window, per axis of the image; negative where they lie in the padding."""
        return tuple(_number(axis.offset) for axis in self.axes)

    @property
    def covers_all(self) -> bool:
        """Whether every unit sees the whole image."""
        return all(axis.covers_all for axis in self.axes)

    def window(self, *position: int, height: int, width: int) -> tuple[int, int, int, int]:
        """Return (top, left, bottom, right) of a unit's window in an image, clipped to it; bottom and right excluded.

        `position` is that of the unit in its map: (row, column), or (column, row) where the graph swapped them. A unit
        that sees only padding has an empty window (bottom ≤ top). For an image of another size than the model
        declares, the clipped formula is used.
        """
        (top, bottom), (left, right) = self.windows(position, size=(height, width))
        return top, left, bottom, right

    def windows(self, position: Sequence[int], *, size: Sequence[int]) -> tuple[Interval, ...]:
        """Return a unit's window per axis of an image of that size: the first pixel, and the one after the last.

        InvalidInputError where the size has not one number per axis, or the unit does not exist.
        """
        if len(size) != len(self.axes):
            raise InvalidInputError(
                f"The size {tuple(size)} has {len(size)} numbers; these windows have {len(self.axes)} axes.",
                field="size",
            )
        found = []
        for axis, place, extent in zip(self.axes, self.places, size, strict=True):
            known = place is not None and place < len(position)
            first, last = axis.window(position[place] if known and place is not None else 0, extent)
            found.append((first, max(first, last + 1)))
        return tuple(found)


def _number(value: Fraction) -> float:
    return value.numerator if value.denominator == 1 else float(value)
