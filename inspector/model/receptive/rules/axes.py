"""Operators that move, add, join or take apart axes."""

from __future__ import annotations

import numpy as np

from inspector.model.const import constant_value
from inspector.model.receptive.field import CHANNEL, UNKNOWN, Field, merge
from inspector.model.receptive.rule import (
    Context,
    constants,
    field_rule,
    has_input,
    positive,
)
from inspector.model.receptive.track import Track, blind, concatenate, sliced
from inspector.operators.attributes import (
    integer,
    integers,
)
from inspector.operators.operation import Operation


@field_rule("Transpose")
def transpose(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """Transpose: output axis i is input axis perm[i]."""
    field = inputs[0]
    if field is None:
        return None
    perm = integers(operation, "perm", range(len(field.roles))[::-1])
    return field.with_roles([field.roles[axis] for axis in perm])


@field_rule("Squeeze")
def squeeze(operation: Operation, inputs: list[Field | None], _index: int, context: Context) -> Field | None:
    """Squeeze: axes of size 1 go."""
    field = inputs[0]
    if field is None:
        return None
    axes = constants(operation, "axes", position=1)
    if axes is None and not has_input(operation, 1):
        shape = context.shape(operation.inputs[0])
        if shape is None or not all(isinstance(size, int) for size in shape):
            return None
        axes = [axis for axis, size in enumerate(shape) if size == 1]
    if axes is None:
        return None
    gone = set(positive(axes, len(field.roles)))
    return field.with_roles([role for axis, role in enumerate(field.roles) if axis not in gone])


@field_rule("Unsqueeze")
def unsqueeze(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """Unsqueeze: axes of size 1 come."""
    field = inputs[0]
    axes = constants(operation, "axes", position=1)
    if field is None or axes is None:
        return None
    rank = len(field.roles) + len(axes)
    new = set(positive(axes, rank))
    old = iter(field.roles)
    return field.with_roles([UNKNOWN if axis in new else next(old) for axis in range(rank)])


@field_rule("Concat")
def concat(operation: Operation, inputs: list[Field | None], _index: int, context: Context) -> Field | None:
    """Concat: along channels the union of the windows, along rows or columns one after the other."""
    fields = [field for field in inputs if field is not None]
    rank = len(fields[0].roles)
    axis = integer(operation, "axis", 1) % rank
    role = fields[0].roles[axis]
    if role not in fields[0].tracks or any(field.roles != fields[0].roles for field in fields):
        merged = merge(fields, rank)
        return merged.spread([axis])
    tracks: list[Track] = []
    for value, field in zip(operation.inputs, inputs, strict=True):
        if field is not None:
            tracks.append(field.track(role))
            continue
        size = context.size(value, axis)
        if size is None:
            return None
        tracks.append(blind(size, fields[0].track(role).extent))
    return merge(fields, rank).with_track(role, concatenate(tracks))


@field_rule("Split")
def split(operation: Operation, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """Split: each output is a slice."""
    field = inputs[0]
    if field is None:
        return None
    axis = integer(operation, "axis") % len(field.roles)
    role = field.roles[axis]
    if role not in field.tracks:
        return field
    sizes = [context.size(output, axis) for output in operation.outputs]
    known = [size for size in sizes if size is not None]
    if len(known) != len(sizes) or field.track(role).units is None:
        return None
    start = sum(known[:index])
    return field.with_track(
        role, field.track(role).pick(np.arange(start, start + known[index], dtype=np.int64))
    )


@field_rule("Gather")
def gather(operation: Operation, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """Gather: output o along the axis is input indices[o]; a single index removes the axis."""
    field = inputs[0]
    indices = constant_value(operation.inputs[1])
    if field is None or indices is None:
        return None
    axis = integer(operation, "axis") % len(field.roles)
    role = field.roles[axis]
    if indices.ndim > 1:  # windows of an axis, side by side
        made = [CHANNEL if role == CHANNEL else UNKNOWN] * indices.ndim
        return field.with_roles([*field.roles[:axis], *made, *field.roles[axis + 1 :]])
    if role in field.tracks:
        units = field.track(role).units
        wanted = np.asarray(indices, np.int64).reshape(-1)
        picked = None if units is None else np.where(wanted < 0, wanted + units, wanted)
        field = field.with_track(role, field.track(role).pick(picked))
    if indices.ndim == 0:
        return field.with_roles([item for place, item in enumerate(field.roles) if place != axis])
    return field


@field_rule("Expand")
def expand(operation: Operation, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """Expand: axes of size 1 are repeated."""
    rank = context.rank(operation.outputs[index])
    return None if inputs[0] is None or rank is None else merge([inputs[0]], rank)


@field_rule("Tile")
def tile(operation: Operation, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """Tile: the whole axis again and again."""
    field = inputs[0]
    repeats = constants(operation, "repeats", position=1)
    if field is None or repeats is None or len(repeats) != len(field.roles):
        return None
    for role, times in zip(field.roles, repeats, strict=True):
        if role in field.tracks and times != 1:
            units = field.track(role).units
            picked = None if units is None else np.tile(np.arange(units, dtype=np.int64), times)
            field = field.with_track(role, field.track(role).pick(picked))
    return field


@field_rule("Crop")
def crop(operation: Operation, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """Crop (removed from ONNX): `border` = left, top, right, bottom pixels go."""
    field = inputs[0]
    border = constants(operation, "border")
    if field is None or border is None or not set(field.roles[2:]) <= set(field.space):
        return None
    result = field
    for axis, start in zip((2, 3), (border[1], border[0]), strict=True):
        track, size = field.track(field.roles[axis]), context.size(operation.outputs[index], axis)
        if track.units is None or size is None:
            return None
        result = result.with_track(field.roles[axis], sliced(track, start, start + size, 1))
    return result
