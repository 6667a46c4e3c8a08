"""Operators that change a spatial axis without weights: Resize, Upsample, Pad, Slice, DepthToSpace, SpaceToDepth."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.receptive.field import CHANNEL, COLUMN, ROW, Field
from inspector.model.receptive.rules.context import Context, Rule, integer, integers, positive, text
from inspector.model.receptive.track import NOTHING, Indices, Track

Places = npt.NDArray[np.float64]
SPATIAL = (ROW, COLUMN)
_NEAREST: dict[str, Callable[[Places], Places]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda places: np.ceil(places - 0.5),
    "round_prefer_ceil": lambda places: np.floor(places + 0.5),
}
"""By Resize's nearest_mode."""
_FINEST = 1 << 16
"""Scales are taken as fractions with denominators up to this."""


def resize(node: ir.Node, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """Resize and Upsample, by the coordinates and modes of the ONNX specification."""
    field = inputs[0]
    if field is None or any(other is not None for other in inputs[1:]):
        return None
    result = field
    for axis, role in enumerate(field.roles):
        scale = _scale(node, axis, len(field.roles), context)
        if scale is None:
            return None
        if role in SPATIAL and scale != 1:
            track = field.track(role)
            result = result.with_track(
                role, _resized(node, track, scale, context.size(node.outputs[index], axis))
            )
    return result


def pad(node: ir.Node, inputs: list[Field | None], _index: int, context: Context) -> Field | None:
    """Pad: zeros see nothing; reflect, edge and wrap repeat pixels."""
    field = inputs[0]
    amounts = integers(node, "pads", position=1 if context.opset >= 11 else None)
    if field is None or amounts is None:
        return None
    rank = len(field.roles)
    axes = integers(node, "axes", position=3)
    axes = list(range(rank)) if axes is None else positive(axes, rank)
    if len(amounts) != 2 * len(axes):
        return None
    result = field
    for place, axis in enumerate(axes):
        before, after = amounts[place], amounts[len(axes) + place]
        role = field.roles[axis]
        if role in SPATIAL and (before or after):
            result = result.with_track(
                role, _padded(field.track(role), before, after, text(node, "mode", "constant"))
            )
    return result


def slice_(node: ir.Node, inputs: list[Field | None], _index: int, context: Context) -> Field | None:
    """Slice: output o reads input start + o·step."""
    field = inputs[0]
    as_inputs = context.opset >= 10
    starts = integers(node, "starts", position=1 if as_inputs else None)
    ends = integers(node, "ends", position=2 if as_inputs else None)
    if field is None or starts is None or ends is None:
        return None
    axes = integers(node, "axes", position=3 if as_inputs else None)
    axes = list(range(len(starts))) if axes is None else positive(axes, len(field.roles))
    steps = (integers(node, "steps", position=4) if as_inputs else None) or [1] * len(starts)
    result = field
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        role = field.roles[axis]
        if role in SPATIAL:
            result = result.with_track(role, _sliced(field.track(role), start, end, step))
    return result


def depth_to_space(node: ir.Node, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """DepthToSpace: output o reads input o // blocksize, of several channels."""
    return _blocks(node, inputs[0], Fraction(1, integer(node, "blocksize", 1)))


def space_to_depth(node: ir.Node, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """SpaceToDepth: output o holds the inputs o·blocksize to o·blocksize + blocksize − 1 in its channels."""
    return _blocks(node, inputs[0], Fraction(integer(node, "blocksize", 1)))


def _blocks(node: ir.Node, field: Field | None, step: Fraction) -> Field | None:
    if field is None or len(field.roles) != 4 or field.roles[2:] != SPATIAL:
        return None
    result = field
    block = integer(node, "blocksize", 1)
    for role in SPATIAL:
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
    return result.with_roles((field.roles[0], CHANNEL, *SPATIAL))


def _sliced(track: Track, start: int, end: int, step: int) -> Track:
    if track.units is not None:
        indices = np.arange(track.units, dtype=np.int64)[slice(*_bounds(start, end, step))]
        if not len(indices):
            return track.collapse()
        first = int(indices[0])
        return track.read([indices], step=Fraction(step), low=Fraction(first), high=Fraction(first))
    if start < 0 or step < 0:
        return track.collapse()
    return track.read(None, step=Fraction(step), low=Fraction(start), high=Fraction(start))


def _bounds(start: int, end: int, step: int) -> tuple[int, int | None, int]:
    """Bring ONNX's "to the start" of a negative step (a very negative end) to Python's None."""
    return start, None if step < 0 and end < -(2**31) + 2 else end, step


def _padded(track: Track, before: int, after: int, mode: str) -> Track:
    shift = Fraction(-before)
    if track.units is None:
        return track.read(None, step=Fraction(1), low=shift, high=shift)
    places = np.arange(-before, track.units + after, dtype=np.int64)
    last = track.units - 1
    if mode == "edge":
        places = np.clip(places, 0, last)
    elif mode == "reflect" and last > 0:
        places = last - np.abs(places % (2 * last) - last)
    elif mode == "wrap":
        places = places % track.units
    return track.read([places], step=Fraction(1), low=shift, high=shift)


def _scale(node: ir.Node, axis: int, rank: int, context: Context) -> Fraction | None:
    """Return output size / input size of one axis: from the scales, or else from the two sizes."""
    axes = integers(node, "axes")
    if axes is not None:
        if axis not in positive(axes, rank):
            return Fraction(1)
        place = positive(axes, rank).index(axis)
    else:
        place = axis
    scales = _scales(node, context)
    if scales is not None and len(scales) > place:
        return Fraction(float(scales[place])).limit_denominator(_FINEST)
    before, after = context.size(node.inputs[0], axis), context.size(node.outputs[0], axis)
    return None if before is None or after is None else Fraction(after, before)


def _scales(node: ir.Node, context: Context) -> npt.NDArray[np.generic] | None:
    attribute = node.attributes.get("scales")
    if attribute is not None:
        return np.asarray(attribute.as_floats(), np.float64)
    position = 2 if node.op_type == "Resize" and context.opset >= 11 else 1
    if position >= len(node.inputs):
        return None
    array = constant_value(node.inputs[position])
    return None if array is None or array.size == 0 else array.reshape(-1)


def _resized(node: ir.Node, track: Track, scale: Fraction, units: int | None) -> Track:
    mode = text(node, "mode", "nearest")
    legacy = node.op_type == "Upsample" or "coordinate_transformation_mode" not in node.attributes
    coordinates = text(node, "coordinate_transformation_mode", "asymmetric" if legacy else "half_pixel")
    if node.op_type == "Resize" and legacy:
        coordinates = "half_pixel"
    if coordinates == "tf_crop_and_resize":
        return track.spread()
    shift = Fraction(0)
    if coordinates in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
        shift = (1 / scale - 1) / 2
    step = 1 / scale
    if coordinates == "align_corners" and track.units is not None and units is not None and units > 1:
        step = Fraction(track.units - 1, units - 1)
    low, high = _reach(node, mode, scale, step)
    taps = None
    if track.units is not None and units is not None:
        taps = _resize_taps(node, mode, coordinates, scale, track.units, units)
        if taps is None:
            return track.spread()
    return track.read(taps, step=step, low=shift + low, high=shift + high)


def _reach(node: ir.Node, mode: str, scale: Fraction, step: Fraction) -> tuple[Fraction, Fraction]:
    """Bound how far from its center an output reads."""
    one, half = Fraction(1), Fraction(1, 2)
    fraction = 1 - Fraction(1, 2 * step.denominator)
    if integer(node, "antialias", 0) and scale < 1:
        wide = (2 if mode == "cubic" else 1) / scale
        return -wide, wide
    if mode == "nearest":
        rounding = text(node, "nearest_mode", "round_prefer_floor")
        if node.op_type == "Upsample" or rounding == "floor":
            return 1 / Fraction(step.denominator) - one, Fraction(0)
        return (Fraction(0), fraction) if rounding == "ceil" else (-half, half)
    return (-one - fraction, one + fraction) if mode == "cubic" else (-fraction, fraction)


def _resize_taps(
    node: ir.Node, mode: str, coordinates: str, scale: Fraction, size: int, units: int
) -> list[Indices] | None:
    centers = _centers(coordinates, float(scale), size, units)
    if integer(node, "antialias", 0) and scale < 1:
        wide = (2 if mode == "cubic" else 1) / float(scale)
        first, last = np.ceil(centers - wide), np.floor(centers + wide)
        return [
            np.clip(np.minimum(first + offset, last), 0, size - 1).astype(np.int64)
            for offset in range(int(2 * wide) + 2)
        ]
    if mode == "nearest":
        rounding = "floor" if node.op_type == "Upsample" else text(node, "nearest_mode", "round_prefer_floor")
        nearest = _NEAREST[rounding](centers)
        return [np.clip(nearest, 0, size - 1).astype(np.int64)]
    floors = np.floor(centers)
    whole = centers == floors
    offsets = (-1, 0, 1, 2) if mode == "cubic" else (0, 1)
    taps = []
    for offset in offsets:
        places = np.clip(floors + offset, 0, size - 1).astype(np.int64)
        taps.append(np.where(whole & (offset != 0), NOTHING, places))
    return taps


def _centers(coordinates: str, scale: float, size: int, units: int) -> npt.NDArray[np.float64]:
    places = np.arange(units, dtype=np.float64)
    if coordinates == "align_corners":
        return places * (size - 1) / (units - 1) if units > 1 else places * 0
    if coordinates == "asymmetric":
        return places / scale
    if coordinates == "pytorch_half_pixel" and units == 1:
        return places * 0
    return (places + 0.5) / scale - 0.5


RESAMPLE_RULES: dict[str, Rule] = {
    "Resize": resize,
    "Upsample": resize,
    "Pad": pad,
    "Slice": slice_,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
}
