"""Operators on signals: transforms, frames, causal convolution, rotation of features."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from inspector.model.const import constant_value
from inspector.model.receptive.field import UNKNOWN, Field
from inspector.model.receptive.rule import Context, constants, field_rule, has_input, only_first
from inspector.model.receptive.track import Track
from inspector.operators.attributes import integer
from inspector.operators.operation import Operation


@field_rule("DFT")
def fourier_transform(
    operation: Operation, inputs: list[Field | None], _index: int, context: Context
) -> Field | None:
    """Every frequency sees the whole signal along the axis; the last axis holds real and imaginary parts."""
    field = only_first(inputs)
    default = [-2 if context.opset >= 20 else integer(operation, "axis")]
    axes = constants(operation, "axis", position=2) if has_input(operation, 2) else default
    if field is None or axes is None:
        return None
    return field.spread([axis % len(field.roles) for axis in axes]).with_roles([*field.roles[:-1], UNKNOWN])


@field_rule("STFT")
def framed_transform(
    operation: Operation, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """Frame o sees the samples from o·step on, as many as a frame has; the signal may lack its last axis, of size 1."""
    field, step = only_first(inputs), constants(operation, "", position=1)
    length = constants(operation, "", position=3)
    window = constant_value(operation.inputs[2]) if has_input(operation, 2) else None
    if length is None and window is not None:
        length = [window.size]
    if field is None or step is None or length is None or len(field.roles) not in (2, 3):
        return None
    result = field
    if field.roles[1] in field.tracks:
        frames = context.size(operation.outputs[index], 1)
        track = _windows(field.track(field.roles[1]), frames, step=step[0], first=0, length=length[0])
        result = field.with_track(field.roles[1], track)
    return result.with_roles([field.roles[0], field.roles[1], UNKNOWN, UNKNOWN])


@field_rule("CausalConvWithState")
def causal_convolution(
    operation: Operation, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """Output o sees the inputs from o − k + 1 to o; the state that is handed on sees the last k − 1."""
    field, kernel = only_first(inputs), context.size(operation.inputs[1], 2)
    if field is None or kernel is None or len(field.roles) != 3:
        return None
    role = field.roles[2]
    if role not in field.tracks:
        return field
    if index > 0:
        return field.with_track(role, field.track(role).spread())
    units = field.track(role).units
    return field.with_track(role, _windows(field.track(role), units, step=1, first=1 - kernel, length=kernel))


def _windows(track: Track, count: int | None, *, step: int, first: int, length: int) -> Track:
    """Return the track whose unit o reads `length` units from o·step + first on."""
    taps = None
    if count is not None:
        starts = np.arange(count, dtype=np.int64) * step + first
        taps = (starts + tap for tap in range(length))
    return track.read(taps, step=Fraction(step), low=Fraction(first), high=Fraction(first + length - 1))


@field_rule("RotaryEmbedding")
def rotary_embedding(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """Features of one position are turned in pairs, along the last axis."""
    field = only_first(inputs)
    return None if field is None else field.spread([len(field.roles) - 1])
