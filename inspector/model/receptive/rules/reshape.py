"""Reshape and Flatten: which axes survive when the elements are grouped anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np

from inspector.model.receptive.field import BATCH, CHANNEL, UNKNOWN, Field
from inspector.model.receptive.rule import (
    Context,
    field_rule,
)
from inspector.model.receptive.track import Track
from inspector.operators.operation import Operation
from inspector.types.layers import Shape

_MOST_ELEMENTS = 1 << 21
"""Of larger groups of axes it is not followed which image their elements are of."""

Group = tuple[list[int], list[int]]
"""Input axes and output axes that hold the same elements in the same order."""


@field_rule("Flatten", "Reshape")
def reshape(operation: Operation, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """An axis that keeps its size between the same neighbors keeps its role.

    Channels that are split or joined (a channel shuffle) stay channels. Rows or columns that are joined
    with anything are no axis any more, and all elements are taken to see what all rows (columns) see
    together. Of images that are joined with other axes it is followed which one each element is of.
    """
    field = inputs[0]
    before, after = (
        _numbers(context.shape(operation.inputs[0])),
        _numbers(context.shape(operation.outputs[index])),
    )
    if field is None or before is None or after is None:
        return None
    roles = [UNKNOWN] * len(after)
    images = field.batch
    for sources, targets in _groups(before, after):
        held = {field.roles[axis] for axis in sources}
        if len(sources) == 1 and len(targets) == 1:
            roles[targets[0]] = field.roles[sources[0]]
        elif BATCH in held:
            sizes = [before[axis] for axis in sources]
            found = _of_images(images, sizes, _held_at(field, sources), [after[axis] for axis in targets])
            if found is not None:
                place, images = found
                roles[targets[place]] = BATCH
        elif held <= {CHANNEL, UNKNOWN} and CHANNEL in held:
            for axis in targets:
                roles[axis] = CHANNEL
        elif CHANNEL in held and len(targets) == 1:
            roles[targets[0]] = CHANNEL
    moved = field.with_roles(_with_single_axes(field, roles, before, after))
    return moved if images is field.batch else moved.with_track(BATCH, images)


def _held_at(field: Field, sources: Sequence[int]) -> int:
    """Return which of some axes holds the images."""
    return next(place for place, axis in enumerate(sources) if field.roles[axis] == BATCH)


def _of_images(
    images: Track, before: Sequence[int], axis: int, after: Sequence[int]
) -> tuple[int, Track] | None:
    """Return which of the axes `after` tells images apart best, and its track; `axis` of those `before` held them.

    Rows of boxes, for example, are images × boxes; pairs that were stacked along the batch come apart again.
    """
    count = prod(before)
    if count > _MOST_ELEMENTS or images.units != before[axis]:
        return None
    unit = np.arange(count, dtype=np.int64) // prod(before[axis + 1 :]) % before[axis]
    best: tuple[int, int, Track] | None = None
    for place, size in enumerate(after):
        inner = prod(after[place + 1 :])
        grid = np.moveaxis(unit.reshape(count // (size * inner), size, inner), 1, 0).reshape(size, -1)
        track = images.gathered(grid)
        if best is None or track.width < best[0]:
            best = track.width, place, track
    return None if best is None else (best[1], best[2])


def _numbers(shape: Shape | None) -> list[int] | None:
    if shape is None:
        return None
    sizes = [size for size in shape if isinstance(size, int)]
    return sizes if len(sizes) == len(shape) and 0 not in sizes else None


def _groups(before: Sequence[int], after: Sequence[int]) -> Iterator[Group]:
    """Yield the smallest groups of axes, those of size 1 left out, whose products agree."""
    left = [axis for axis, size in enumerate(before) if size != 1]
    right = [axis for axis, size in enumerate(after) if size != 1]
    i = j = 0
    while i < len(left) and j < len(right):
        sources, targets = [left[i]], [right[j]]
        a, b = before[left[i]], after[right[j]]
        i, j = i + 1, j + 1
        while a != b:
            if a < b and i < len(left):
                sources.append(left[i])
                a, i = a * before[left[i]], i + 1
            elif b < a and j < len(right):
                targets.append(right[j])
                b, j = b * after[right[j]], j + 1
            else:
                return
        yield sources, targets


def _with_single_axes(
    field: Field, roles: list[str], before: Sequence[int], after: Sequence[int]
) -> list[str]:
    """Give the roles of axes of size 1 (a batch of one image, one channel) to the first such axes of the output."""
    old = field.roles
    free = [axis for axis, size in enumerate(after) if size == 1 and roles[axis] == UNKNOWN]
    for role in (BATCH, CHANNEL):
        if (
            role not in roles
            and any(old[axis] == role and size == 1 for axis, size in enumerate(before))
            and free
        ):
            if role == CHANNEL and len(after) < len(before):
                continue
            roles[free.pop(0)] = role
    for role in field.space:
        if role not in roles and role in old and len(after) == len(before):
            place = old.index(role)
            if place in free and before[place] == 1:
                roles[place] = role
                free.remove(place)
    for role in field.space:
        if free and role not in roles and role in old and before[old.index(role)] == 1:
            roles[free.pop(0)] = role
    return roles
