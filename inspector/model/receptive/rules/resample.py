"""Operators that change a spatial axis without weights: Resize, Upsample, Pad, Slice, DepthToSpace, SpaceToDepth."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from inspector.model.const import constant_value
from inspector.model.receptive.field import BATCH, CHANNEL, Field
from inspector.model.receptive.rule import (
    Context,
    constants,
    field_rule,
    has_input,
    only_first,
    positive,
)
from inspector.model.receptive.track import NOTHING, Indices, Track, sliced
from inspector.operators.attributes import (
    integer,
    integers,
    is_given,
    numbers,
    text,
)
from inspector.operators.interpolation import (
    Axis,
    Resampling,
    interpolation_taps,
    read_resampling,
    resampled_axes,
    scale_between,
    stretches,
)
from inspector.operators.operation import Operation

_FINEST = 1 << 16
"""Scales are taken as fractions with denominators up to this."""


@field_rule("Resize", "Upsample")
def resize(operation: Operation, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """Resize and Upsample, by the coordinates and modes of the ONNX specification."""
    field = only_first(inputs)
    if field is None:
        return None
    how, rank = read_resampling(operation, opset=context.opset), len(field.roles)
    before, after = (
        [context.size(value, axis) for axis in range(rank)]
        for value in (operation.inputs[0], operation.outputs[index])
    )
    scales = {axis: _scale(operation, axis, rank, context) for axis in range(rank)}
    known = {axis: scale for axis, scale in scales.items() if scale is not None}
    if len(known) < rank:
        return None
    result = field
    for axis in resampled_axes(before, after, known, how):
        role = field.roles[axis]
        if role in field.tracks:
            region = _region(operation, axis, rank, how)
            track = _resized(field.track(role), how, known[axis], after[axis], region)
            result = result.with_track(role, track)
    return result


@field_rule("Pad")
def pad(operation: Operation, inputs: list[Field | None], _index: int, context: Context) -> Field | None:
    """Pad: zeros see nothing; reflect, edge and wrap repeat pixels."""
    field = inputs[0]
    amounts = constants(operation, "pads", position=1 if context.opset >= 11 else None)
    if field is None or amounts is None:
        return None
    rank = len(field.roles)
    axes = constants(operation, "axes", position=3)
    if axes is None and has_input(operation, 3):
        return None
    axes = list(range(rank)) if axes is None else positive(axes, rank)
    if len(amounts) != 2 * len(axes):
        return None
    result = field
    for place, axis in enumerate(axes):
        before, after = amounts[place], amounts[len(axes) + place]
        role = field.roles[axis]
        if role in field.tracks and (before or after):
            result = result.with_track(
                role, _padded(field.track(role), before, after, text(operation, "mode"))
            )
    return result


@field_rule("DynamicSlice", "Slice")
def slice_(operation: Operation, inputs: list[Field | None], _index: int, context: Context) -> Field | None:
    """Slice: output o reads input start + o·step."""
    field = inputs[0]
    as_inputs = context.opset >= 10 or operation.op_type == "DynamicSlice"
    starts = constants(operation, "starts", position=1 if as_inputs else None)
    ends = constants(operation, "ends", position=2 if as_inputs else None)
    if field is None or starts is None or ends is None:
        return None
    axes = constants(operation, "axes", position=3 if as_inputs else None)
    steps = constants(operation, "steps", position=4 if as_inputs else None)
    if as_inputs and (
        (axes is None and has_input(operation, 3)) or (steps is None and has_input(operation, 4))
    ):
        return None
    axes = list(range(len(starts))) if axes is None else positive(axes, len(field.roles))
    steps = [1] * len(starts) if steps is None else steps
    result = field
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        role = field.roles[axis]
        if role in field.tracks:
            result = result.with_track(role, sliced(field.track(role), start, end, step))
    return result


@field_rule("DepthToSpace")
def depth_to_space(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """DepthToSpace: output o reads input o // blocksize, of several channels."""
    return _blocks(operation, inputs[0], Fraction(1, integer(operation, "blocksize")))


@field_rule("SpaceToDepth")
def space_to_depth(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """SpaceToDepth: output o holds the inputs o·blocksize to o·blocksize + blocksize − 1 in its channels."""
    return _blocks(operation, inputs[0], Fraction(integer(operation, "blocksize")))


def _blocks(operation: Operation, field: Field | None, step: Fraction) -> Field | None:
    if field is None or len(field.roles) != 4 or {BATCH, CHANNEL} & set(field.roles[2:]):
        return None
    result = field
    block = integer(operation, "blocksize")
    for role in set(field.space) & set(field.roles[2:]):
        track = field.track(role)
        if step >= 1:
            taps = None
            if track.units is not None:
                starts = np.arange(track.units // block, dtype=np.int64) * block
                taps = [starts + offset for offset in range(block)]
            result = result.with_track(
                role, track.read(taps, step=step, low=Fraction(0), high=Fraction(block - 1))
            )
        else:
            taps = None if track.units is None else [np.arange(track.units * block, dtype=np.int64) // block]
            result = result.with_track(role, track.read(taps, step=step, low=step - 1, high=Fraction(0)))
    return result.with_roles((field.roles[0], CHANNEL, *field.roles[2:]))


def _padded(track: Track, before: int, after: int, mode: str) -> Track:
    """Negative amounts cut first; the rest is what is mirrored or repeated (ONNX, Pad)."""
    shift = Fraction(-before)
    if track.units is None:
        return track.read(None, step=Fraction(1), low=shift, high=shift)
    first, last = max(-before, 0), track.units - 1 - max(-after, 0)
    places = np.arange(first - max(before, 0), last + 1 + max(after, 0), dtype=np.int64)
    if mode == "edge":
        places = np.clip(places, first, last)
    elif mode == "reflect" and last > first:
        places = last - np.abs((places - first) % (2 * (last - first)) - (last - first))
    elif mode == "wrap" and last >= first:
        places = first + (places - first) % (last - first + 1)
    return track.read([places], step=Fraction(1), low=shift, high=shift)


def _scale(operation: Operation, axis: int, rank: int, context: Context) -> float | None:
    """Return output size / input size of one axis: from the scales, or else from the two sizes."""
    axes = positive(integers(operation, "axes", range(rank)), rank)
    if axis not in axes:
        return 1.0
    place = axes.index(axis)
    scales = _scales(operation, context)
    if scales is not None and len(scales) > place:
        return float(scales[place])
    policy = text(operation, "keep_aspect_ratio_policy", "stretch")
    wanted = constants(operation, "", position=3) if policy != "stretch" else None
    if wanted is not None:
        sizes = [context.size(operation.inputs[0], other) for other in range(rank)]
        return stretches(operation, sizes, scales=None, sizes=wanted)[axis].scale
    before, after = context.size(operation.inputs[0], axis), context.size(operation.outputs[0], axis)
    return None if not before or after is None else scale_between(before, after)


def _scales(operation: Operation, context: Context) -> npt.NDArray[np.generic] | None:
    if is_given(operation, "scales"):
        return np.asarray(numbers(operation, "scales"), np.float64)
    position = 2 if operation.op_type == "Resize" and context.opset >= 11 else 1
    if position >= len(operation.inputs):
        return None
    array = constant_value(operation.inputs[position])
    return None if array is None or array.size == 0 else array.reshape(-1)


def _region(operation: Operation, axis: int, rank: int, how: Resampling) -> tuple[float, float] | None:
    """Return where tf_crop_and_resize cuts an axis; None where that is computed."""
    if how.coordinates != "tf_crop_and_resize":
        return 0.0, 1.0
    axes = positive(integers(operation, "axes", range(rank)), rank)
    roi = constant_value(operation.inputs[1])
    if roi is None or axis not in axes or roi.size != 2 * len(axes):
        return None
    place = axes.index(axis)
    return float(roi.reshape(-1)[place]), float(roi.reshape(-1)[len(axes) + place])


def _resized(
    track: Track, how: Resampling, scale: float, units: int | None, region: tuple[float, float] | None
) -> Track:
    if region is None:
        return track.spread()
    ratio = Fraction(scale).limit_denominator(_FINEST)
    shift, step = Fraction(0), 1 / ratio
    if how.coordinates in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
        shift = (step - 1) / 2
    elif how.coordinates == "tf_half_pixel_for_nn":
        shift = step / 2
    elif how.coordinates == "align_corners" and track.units is not None and units is not None and units > 1:
        step = Fraction(track.units - 1, units - 1)
    low, high = _reach(how, ratio, step)
    taps = None
    if track.units is not None and units is not None:
        axis = Axis(inputs=track.units, outputs=units, scale=scale, region=region)
        taps = _taps(axis, how)
    read = track.read(taps, step=step, low=shift + low, high=shift + high)
    return read.without_formula() if how.coordinates == "tf_crop_and_resize" else read


def _taps(axis: Axis, how: Resampling) -> list[Indices]:
    indices, weights = interpolation_taps(axis, how)
    return list(np.where(weights == 0, NOTHING, indices).T)


def _reach(how: Resampling, scale: Fraction, step: Fraction) -> tuple[Fraction, Fraction]:
    """Bound how far from its center an output reads."""
    one, half = Fraction(1), Fraction(1, 2)
    fraction = 1 - Fraction(1, 2 * step.denominator)
    if how.antialias and scale < 1:
        wide = (2 if how.mode == "cubic" else 1) / scale
        return -wide, wide
    if how.mode == "nearest":
        if how.rounding == "floor" or (how.rounding == "simple" and scale >= 1):
            return 1 / Fraction(step.denominator) - one, Fraction(0)
        return (Fraction(0), fraction) if how.rounding in ("ceil", "simple") else (-half, half)
    return (-one - fraction, one + fraction) if how.mode == "cubic" else (-fraction, fraction)
