"""The shape of an answer: one number, a vector, a row of vectors, a map."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.heads.evidence import Evidence
from inspector.types.layers import Dim


@dataclass(frozen=True, kw_only=True)
class Form:
    """How an output's numbers stand, the batch axis not counted."""

    shape: tuple[Dim, ...]
    wide: tuple[int, ...]
    """The axes that are longer than 1, or of unknown length."""
    rows: int | None
    columns: int | None
    """The axes of the image's height and width, where the output is a map."""
    axis: int | None
    """Of classes or channels, where there is one."""

    @property
    def is_map(self) -> bool:
        """Whether there are rows and columns of the image."""
        return self.rows is not None

    @property
    def channels(self) -> int | None:
        """How many numbers each place has; None where unknown."""
        if self.axis is None:
            return 1
        size = self.shape[self.axis]
        return size if isinstance(size, int) else None


def form_of(evidence: Evidence, name: str) -> Form:
    """Return the form of an output."""
    shape = evidence.shape(name)
    wide = tuple(axis for axis, size in enumerate(shape) if size != 1)
    rows, columns = _space(evidence, name, shape, wide)
    return Form(
        shape=shape,
        wide=wide,
        rows=rows,
        columns=columns,
        axis=_class_axis(evidence, name, shape, wide, (rows, columns)),
    )


def _space(
    evidence: Evidence, name: str, shape: tuple[Dim, ...], wide: tuple[int, ...]
) -> tuple[int | None, int | None]:
    """Return the axes of rows and columns: as the graph carries them there, or as they fit the image's."""
    roles = evidence.roles.get(name, ())
    whole = evidence.whole(name)
    if len(roles) == len(whole) and roles.count("H") == roles.count("W") == 1:
        rows, columns = (evidence.own_axis(name, whole, roles.index(role)) for role in ("H", "W"))
        if rows in wide and columns in wide:
            return rows, columns
    height, width = evidence.image.height, evidence.image.width
    if len(wide) < 2 or len(shape) > 3 or height is None or width is None:
        return None, None
    for first, second in ((0, 1), (1, 2), (0, 2)):
        if {first, second} <= set(wide) and _fits(shape[first], height, shape[second], width):
            return first, second
    return None, None


def _fits(rows: Dim, height: int, columns: Dim, width: int) -> bool:
    """Return whether a map has the image's proportions, at a part or a multiple of its size."""
    if not isinstance(rows, int) or not isinstance(columns, int) or min(rows, columns) < 8:
        return False
    return rows * width == columns * height and (height % rows == 0 or rows % height == 0)


def _class_axis(
    evidence: Evidence,
    name: str,
    shape: tuple[Dim, ...],
    wide: tuple[int, ...],
    space: tuple[int | None, int | None],
) -> int | None:
    """Return the axis of classes: of a final Softmax, of as many as have names, of channels, or the last."""
    ending, whole = evidence.endings[name], evidence.whole(name)
    for axis in (ending.range.axis, ending.range.log_axis):
        own = evidence.own_axis(name, whole, axis)
        if own is not None and own < len(shape) and (own in wide or len(wide) == 0):
            return own
    left = [axis for axis in range(len(shape)) if axis not in space]
    named = [axis for axis in left if shape[axis] == evidence.named_classes]
    if len(named) == 1:
        return named[0]
    if None not in space:
        ways = [axis for axis in left if axis in wide]
        return ways[0] if ways else (left[0] if left else None)
    if len(wide) == 1:
        return wide[0]
    if len(shape) >= 3 and "C" in (roles := evidence.roles.get(name, ())) and len(roles) == len(whole):
        return evidence.own_axis(name, whole, roles.index("C"))
    if len(shape) >= 3:
        return wide[0] if wide else 0
    return len(shape) - 1 if shape else None
