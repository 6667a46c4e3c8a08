"""Operators that cut: Slice, Compress, CenterCropPad, and the early DynamicSlice and Crop."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.movement import cut_axis, numbered, pad_axis, put_back_all, transposed_take
from inspector.operators.attributes import integers, optional_integer

_WHOLE = 2**31 - 1
"""Ends from here on mean "to the end" in every export."""


@rule("Slice")
def slice_by_attributes(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where it was cut out, zero elsewhere."""
    starts, ends = integers(node, "starts"), integers(node, "ends")
    axes = integers(node, "axes", range(len(starts)))
    return [_uncut(b, operand(node, 0), gy, list(starts), list(ends), list(axes), [1] * len(starts))]


@rule("Slice", since=10)
@rule("DynamicSlice")
def slice_by_inputs(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where it was cut out, zero elsewhere; where that is computed, a moved numbering says where."""
    x = operand(node, 0)
    given = [value if value is not None and value.name else None for value in node.inputs[1:]]
    arrays = [b.array(value) for value in given]
    if any(array is None and value is not None for array, value in zip(arrays, given, strict=True)):
        moved = b.op("Slice", numbered(b, x), *[None if value is None else b.saved(value) for value in given])
        gx = put_back_all(b, gy, moved, x)
    else:
        starts, ends, axes, steps = [
            None if array is None else [int(item) for item in array] for array in [*arrays, None, None][:4]
        ]
        if starts is None or ends is None:
            raise ValueError(f"Slice {node.name!r} has no starts or ends.")
        gx = _uncut(b, x, gy, starts, ends, axes or list(range(len(starts))), steps or [1] * len(starts))
    return [gx, *[None] * (len(node.inputs) - 1)]


def _uncut(
    b: Builder,
    x: ir.Value,
    gy: ir.Value,
    starts: list[int],
    ends: list[int],
    axes: list[int],
    steps: list[int],
) -> ir.Value:
    rank = b.rank(x)
    axes = [axis % rank for axis in axes]
    channels = b.shape(x)[1] if rank > 1 and 1 not in axes else None
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if start == 0 and end >= _WHOLE and step == 1:
            continue
        if axis == 0:
            b.mix_batch()
        size = b.sizes(x, axis)[0]
        gy = transposed_take(
            b,
            gy,
            _taken(start, end, step, size),
            axis=axis,
            size=size,
            rank=rank,
            channels=channels if isinstance(channels, int) else None,
        )
    return gy


def _taken(start: int, end: int, step: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the indices that a slice takes; unlike Python's, an end below -size ends a backward slice at the start."""
    first = max(start + size, 0) if start < 0 else start
    last = end + size if end < 0 else end
    if step > 0:
        return np.arange(min(first, size), min(max(last, 0), size), step)
    return np.arange(min(first, size - 1), max(last, -1), step)


@rule("Compress")
def compress(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy where the condition held, zero elsewhere."""
    x = operand(node, 0)
    condition = b.array(node.inputs[1])
    axis = optional_integer(node, "axis")
    along = {} if axis is None else {"axis": axis}
    if condition is None or not along:
        moved = b.op("Compress", numbered(b, x), b.saved(operand(node, 1)), **along)
        return [put_back_all(b, gy, moved, x), None]
    axis = along["axis"] % b.rank(x)
    if axis == 0:
        b.mix_batch()
    taken, size = np.flatnonzero(condition), b.sizes(x, axis)[0]
    return [transposed_take(b, gy, taken, axis=axis, size=size, rank=b.rank(x)), None]


@rule("CenterCropPad", since=18)
def center_crop_pad(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy, padded where x was cropped and cropped where x was padded."""
    x, rank = operand(node, 0), b.rank(operand(node, 0))
    axes = integers(node, "axes", range(rank))
    for axis in [axis % rank for axis in axes]:
        (before,), (after,) = b.sizes(x, axis), b.sizes(node.outputs[0], axis)
        if axis == 0 and before != after:
            b.mix_batch()
        lead = abs(before - after) // 2
        if after < before:
            gy = pad_axis(b, gy, axis=axis, begin=lead, end=before - after - lead, rank=rank)
        elif after > before:
            gy = cut_axis(b, gy, axis=axis, start=lead, stop=lead + before)
    return [gy, None]


@rule("Crop")
def crop(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy inside the border, zero in it (deprecated; left, top, right, bottom)."""
    x = operand(node, 0)
    left, top = list(integers(node, "border"))[:2]
    (height, width), (rows, columns) = b.sizes(x, 2, 3), b.sizes(node.outputs[0], 2, 3)
    pads = [0, 0, top, left, 0, 0, height - top - rows, width - left - columns]
    return [b.op("Pad", gy, b.ints(pads))]
