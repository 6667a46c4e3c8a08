"""How Resize and Upsample work: which inputs each output reads, with which weights.

Resampling is linear and separable: y = x ×₁ M₁ ×₂ M₂ …, with one M (outputs × inputs) per axis. Formulas: ONNX operator
specification, Resize-19 and Upsample-9, and, where that leaves it open, ONNX Runtime (it rounds in float32).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from inspector.operators.attributes import flag, integers, number, text
from inspector.operators.nodes import Attributed

Floats = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]

_TIE = 1e-6
"""So near to a half ONNX Runtime takes a place for one."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """How one axis is resampled."""

    inputs: int
    outputs: int
    scale: float
    region: tuple[float, float] = (0.0, 1.0)
    """For tf_crop_and_resize: where the axis is cut, in units of its length - 1."""


@dataclass(frozen=True, kw_only=True)
class Resampling:
    """What the attributes of a Resize say."""

    mode: str
    coordinates: str
    rounding: str
    cubic: float
    exclude_outside: bool
    antialias: bool


def read_resampling(node: Attributed, *, opset: int) -> Resampling:
    """Read the attributes of a Resize or Upsample; Upsample, and Resize of opset 10, leave no choice but the mode."""
    if node.op_type == "Upsample" or opset < 11:
        return Resampling(
            mode=text(node, "mode"),
            coordinates="asymmetric",
            rounding="simple",
            cubic=-0.75,
            exclude_outside=False,
            antialias=False,
        )
    return Resampling(
        mode=text(node, "mode"),
        coordinates=text(node, "coordinate_transformation_mode"),
        rounding=text(node, "nearest_mode"),
        cubic=number(node, "cubic_coeff_a"),
        exclude_outside=flag(node, "exclude_outside"),
        antialias=flag(node, "antialias"),
    )


class Stretch(NamedTuple):
    """By how much an axis is resampled, and to what size; None where that is not known."""

    scale: float | None
    size: int | None


def stretches(
    node: Attributed,
    shape: Sequence[int | None],
    *,
    scales: Sequence[float] | None,
    sizes: Sequence[int] | None,
) -> dict[int, Stretch]:
    """Return what a Resize or Upsample does to the axes of a tensor of a shape; axes that are left out keep their size.

    `scales` or else `sizes` are what the node is given, None where it is computed. A size is the float32 product with
    the scale, cut off; one that keeps the aspect ratio is rounded.
    """
    rank = len(shape)
    said = integers(node, "axes", range(rank))
    axes = [axis % rank for axis in said]
    if scales is not None:
        return {
            axis: Stretch(scale, None if size is None else int(np.float32(scale) * np.float32(size)))
            for axis, scale, size in zip(
                axes, map(float, scales), (shape[axis] for axis in axes), strict=False
            )
        }
    if sizes is None:
        return dict.fromkeys(axes, Stretch(None, None))
    asked = {
        axis: Stretch(scale_between(before, size) if (before := shape[axis]) else None, int(size))
        for axis, size in zip(axes, sizes, strict=False)
    }
    policy = text(node, "keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return asked
    if min(said) < 0:  # which the runtime compares with axes counted from the front, and finds none
        return {axis: Stretch(1.0, shape[axis]) for axis in axes}
    ratios = [stretch.scale for stretch in asked.values()]
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) < len(ratios):
        return dict.fromkeys(axes, Stretch(None, None))
    ratio = min(known) if policy == "not_larger" else max(known)
    return {axis: Stretch(ratio, _rounded(ratio, shape[axis])) for axis in axes}


def resampled_axes(
    before: Sequence[int | None], after: Sequence[int | None], scales: Mapping[int, float], how: Resampling
) -> set[int]:
    """Return the axes that are resampled; the others keep their elements, whatever the coordinates say.

    `before` and `after` are the shapes, `scales` is by axis. ONNX Runtime copies a tensor whose size does not change,
    and leaves alone an axis of scale 1, or, where it antialiases, one of the same size.
    """
    same = {axis for axis, size in enumerate(before) if size is not None and size == after[axis]}
    if len(same) == len(before):
        return set()
    return {axis for axis, scale in scales.items() if scale != 1 and not (how.antialias and axis in same)}


def scale_between(before: int, after: int) -> float:
    """Return the scale that two sizes imply, in float32 as the runtime has it."""
    return float(np.float32(after) / np.float32(before))


def _rounded(ratio: float, size: int | None) -> int | None:
    return None if size is None else math.floor(float(np.float32(ratio) * np.float32(size)) + 0.5)


def interpolation_matrix(axis: Axis, how: Resampling) -> Floats:
    """Return the (outputs, inputs) matrix of one axis."""
    indices, weights = interpolation_taps(axis, how)
    matrix = np.zeros((axis.outputs, axis.inputs))
    np.add.at(matrix, (np.arange(axis.outputs)[:, None], indices), weights)
    return matrix


def interpolation_taps(axis: Axis, how: Resampling) -> tuple[Indices, Floats]:
    """Return which inputs each output reads and with which weights, (outputs, taps) each; an input may come twice."""
    places = coordinates(axis, how.coordinates, np.float32 if how.mode == "nearest" else np.float64)
    if how.mode == "nearest":
        indices = nearest(places, axis, how.rounding)[:, None]
        weights: Floats = np.ones(indices.shape)
    elif how.mode == "linear" and not (how.antialias and axis.scale < 1):
        indices, weights = _linear(places, axis)
    else:
        indices, weights = _by_kernel(places, axis, how)
    if how.coordinates == "tf_crop_and_resize":
        weights[(places < 0) | (places > axis.inputs - 1)] = 0  # the extrapolation value depends on nothing
    return indices, weights


def coordinates(axis: Axis, name: str, precision: type[np.floating[Any]]) -> Floats:
    """Return where each output lies in the input, by the coordinate transformation of that name."""
    at, scale = np.arange(axis.outputs).astype(precision), precision(axis.scale)
    half = precision(0.5)
    if name == "asymmetric":
        return np.asarray(at / scale)
    if name == "tf_half_pixel_for_nn":
        return np.asarray((at + half) / scale)
    if name == "align_corners":
        return np.asarray(at * precision(axis.inputs - 1) / precision(max(axis.outputs - 1, 1)))
    if name == "tf_crop_and_resize":
        begin, end = map(precision, axis.region)
        if axis.outputs == 1:
            return np.asarray([half * (begin + end) * (axis.inputs - 1)])
        along = at * (end - begin) * (axis.inputs - 1) / (axis.outputs - 1)
        return np.asarray(begin * (axis.inputs - 1) + along)
    if name == "pytorch_half_pixel" and axis.outputs == 1:
        return np.zeros(1, precision)
    offset = precision(0)
    if name == "half_pixel_symmetric":
        adjustment = precision(axis.outputs) / (scale * precision(axis.inputs))
        offset = precision(axis.inputs) / 2 * (1 - adjustment)
    return np.asarray(offset + (at + half) / scale - half, precision)


def nearest(places: Floats, axis: Axis, rounding: str) -> npt.NDArray[np.int64]:
    """Return the input nearest to each place."""
    if rounding == "simple":  # Upsample and Resize-10
        rounded = np.ceil(places) if axis.scale < 1 else np.trunc(places)
    elif rounding == "floor":
        rounded = np.floor(places)
    elif rounding == "ceil":
        rounded = np.ceil(places)
    else:
        below = np.floor(places)
        is_half = np.abs(places - below - np.float32(0.5)) < _TIE
        up = np.where(is_half, rounding == "round_prefer_ceil", places - below > np.float32(0.5))
        rounded = below + up
    return np.clip(rounded, 0, axis.inputs - 1).astype(np.int64)


def _linear(places: Floats, axis: Axis) -> tuple[Indices, Floats]:
    inside = np.clip(places, 0, axis.inputs - 1)
    below = np.floor(inside).astype(np.int64)
    ratio = inside - below
    above = np.minimum(below + 1, axis.inputs - 1)
    return np.stack([below, above], axis=1), np.stack([1 - ratio, ratio], axis=1)


def _by_kernel(places: Floats, axis: Axis, how: Resampling) -> tuple[Indices, Floats]:
    """A kernel over its support, which antialiasing widens; inputs beyond the border are the border, or left out."""
    stretch = min(axis.scale, 1.0) if how.antialias else 1.0
    reach = math.ceil((1 if how.mode == "linear" else 2) / stretch)
    taps = np.floor(places).astype(np.int64)[:, None] + np.arange(1 - reach, reach + 1)
    distances = (places[:, None] - taps) * stretch
    weights = (
        np.maximum(0, 1 - np.abs(distances)) if how.mode == "linear" else _cubic_kernel(distances, how.cubic)
    )
    if how.exclude_outside:
        weights = np.where((taps >= 0) & (taps < axis.inputs), weights, 0)
    whole = weights.sum(axis=1, keepdims=True)
    return np.clip(taps, 0, axis.inputs - 1), weights / np.where(whole == 0, 1, whole)


def _cubic_kernel(distances: Floats, a: float) -> Floats:
    """Cubic convolution (Keys 1981)."""
    d = np.abs(distances)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = a * (((d - 5) * d + 8) * d - 4)
    return np.asarray(np.select([d <= 1, d < 2], [near, far], 0.0))
