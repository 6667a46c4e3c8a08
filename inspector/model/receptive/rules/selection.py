"""Operators that take elements by index: where the places are constant they are followed, else any may be taken."""

from __future__ import annotations

import numpy as np

from inspector.model.const import constant_value
from inspector.model.receptive.field import UNKNOWN, Field, merge
from inspector.model.receptive.rule import Context, field_rule, only_first, positive
from inspector.model.receptive.track import Track, blind, concatenate, sliced
from inspector.operators.attributes import integer, integers, optional_integer
from inspector.operators.operation import Operation


@field_rule("GatherElements")
def elements(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """Each output may be any element along the axis; what its index sees, it sees too."""
    known = [field for field in inputs if field is not None]
    rank = len(known[0].roles)
    axis = integer(operation, "axis") % rank
    data, indices = inputs
    fields = [None if data is None else data.spread([axis]), indices]
    return merge([field for field in fields if field is not None], rank)


@field_rule("TopK")
def from_anywhere(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """Each output may be any element along the axis."""
    field = only_first(inputs)
    return None if field is None else field.spread([integer(operation, "axis") % len(field.roles)])


@field_rule("ReverseSequence")
def reverse_sequence(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """The first elements along the time axis change places; how many, each image says for itself."""
    field = only_first(inputs)
    return None if field is None else field.spread([integer(operation, "time_axis") % len(field.roles)])


@field_rule("Compress")
def compress(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """The elements along an axis where a constant condition holds; without an axis all axes become one."""
    field, axis = only_first(inputs), optional_integer(operation, "axis")
    if field is None:
        return None
    if axis is None:
        return field.with_roles([UNKNOWN])
    role, condition = field.roles[axis % len(field.roles)], constant_value(operation.inputs[1])
    if role not in field.tracks:
        return field
    if role not in field.tracks:
        return field
    if condition is None:
        return field.spread([axis % len(field.roles)])
    return field.with_track(role, field.track(role).pick(np.flatnonzero(condition)))


@field_rule("CenterCropPad")
def center_crop_pad(
    operation: Operation, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """Cut off or fill with zeros on both sides, the odd one at the end (a crop) or at the end (a pad)."""
    field = only_first(inputs)
    if field is None:
        return None
    result = field
    for axis in positive(integers(operation, "axes", range(len(field.roles))), len(field.roles)):
        role = field.roles[axis]
        if role not in field.tracks:
            continue
        track, wanted = field.track(role), context.size(operation.outputs[index], axis)
        if wanted is None or track.units is None:
            return None
        result = result.with_track(role, _centered(track, track.units, wanted))
    return result


def _centered(track: Track, size: int, wanted: int) -> Track:
    if wanted <= size:
        start = (size - wanted) // 2
        return sliced(track, start, start + wanted, 1)
    before = (wanted - size) // 2
    after = wanted - size - before
    return concatenate([blind(before, track.extent), track, blind(after, track.extent)])
