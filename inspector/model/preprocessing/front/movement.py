"""Rules of what moves pixels and channels about: no value changes, or only as much as a border or an average does."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import onnx_ir as ir

from inspector.model.preprocessing.front.rule import Facts, Fronts, constant, front_rule, given_axes
from inspector.model.preprocessing.front.values import Front
from inspector.operators.attributes import integer, optional_integers
from inspector.types.layers import Shape


@front_rule(
    "AveragePool", "Cast", "CastLike", "Ceil", "Clip", "Crop", "CenterCropPad", "DequantizeLinear", "Dropout", "Floor",
    "GlobalAveragePool", "GlobalMaxPool", "GridSample", "Identity", "Max", "MaxPool", "Min", "Pad", "QuantizeLinear",
    "Resize", "Round", "Upsample",
)  # fmt: skip
def kept(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow what gives the same values, or such as lie among them."""
    held = [front for front in fronts if front is not None]
    is_data = fronts[0] is not None or node.op_type in ("Max", "Min")
    return (held[0],) if is_data and len(held) == 1 else None


@front_rule("Transpose")
def transpose(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow an order of axes."""
    front = fronts[0]
    if front is None:
        return None
    order = optional_integers(node, "perm") or tuple(reversed(range(front.rank)))
    return (front if front.axis is None else replace(front, axis=order.index(front.axis)),)


@front_rule("Squeeze")
def squeeze(node: ir.Node, fronts: Fronts, facts: Facts) -> tuple[Front, ...] | None:
    """Follow axes of one element that vanish."""
    front = fronts[0]
    if front is None:
        return None
    axes = given_axes(node, 1, front.rank)
    if axes is None:
        shape = facts.shape(node.inputs[0])
        axes = tuple(axis for axis, size in enumerate(shape) if size == 1) if shape else None
    if axes is None:
        return None
    axis = front.axis
    if axis is not None:
        axis = None if axis in axes else axis - sum(other < axis for other in axes)
    return (replace(front, rank=front.rank - len(axes), axis=axis),)


@front_rule("Unsqueeze")
def unsqueeze(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow new axes of one element; a lone channel without an axis gets the first of them."""
    front = fronts[0]
    count = 0 if front is None else _count_of_axes(node)
    if front is None or not count:
        return None
    rank = front.rank + count
    axes = given_axes(node, 1, rank)
    if axes is None:
        return None
    if front.axis is None:
        return (replace(front, rank=rank, axis=min(axes) if len(front.channels) == 1 else None),)
    rest = [axis for axis in range(rank) if axis not in axes]
    return (replace(front, rank=rank, axis=rest[front.axis]),)


def _count_of_axes(node: ir.Node) -> int:
    found = constant(node, 1)
    return len(optional_integers(node, "axes") or ()) if found is None else found.size


@front_rule("Reshape", "Flatten")
def reshape(node: ir.Node, fronts: Fronts, facts: Facts) -> tuple[Front, ...] | None:
    """Follow another shape: the channels keep an axis of their own, or are mixed along the others."""
    front, shape, before = fronts[0], facts.shape(node.outputs[0]), facts.shape(node.inputs[0])
    if front is None or any(one is not None for one in fronts[1:]):
        return None
    rank = len(shape) if shape is not None else 2 if node.op_type == "Flatten" else None
    if rank is None:
        return None
    axis = (
        None
        if shape is None or before is None or front.axis is None
        else _same_axis(before, front.axis, shape)
    )
    return (replace(front, rank=rank, axis=axis),)


def _same_axis(before: Shape, axis: int, after: Shape) -> int | None:
    """Return the axis that holds what `axis` held: of its size, behind as many elements and before as many."""
    for place, size in enumerate(after):
        if size == before[axis] and _alike(before[:axis], after[:place]):
            return place
    return None


def _alike(first: Shape, second: Shape) -> bool:
    numbers = [[size for size in shape if isinstance(size, int)] for shape in (first, second)]
    symbols = [sorted(str(size) for size in shape if not isinstance(size, int)) for shape in (first, second)]
    return prod(numbers[0]) == prod(numbers[1]) and symbols[0] == symbols[1]


@front_rule("Gather")
def gather(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow channels in another order, one of them, or a choice of rows."""
    front = fronts[0]
    if front is None or len(fronts) < 2 or fronts[1] is not None:
        return None
    axis, indices = integer(node, "axis", 0) % front.rank, constant(node, 1)
    if indices is None:
        return None
    moved = front
    if axis == front.axis:
        count, chosen = len(front.channels), [int(index) for index in indices.reshape(-1)]
        if not chosen or max(chosen) >= count or min(chosen) < -count:
            return None
        moved = front.pick(chosen)
    if indices.ndim == 1:
        return (moved,)
    if indices.ndim > 1:
        return None
    if front.axis is None:
        return (replace(moved, rank=front.rank - 1),)
    own = None if axis == front.axis else front.axis - (axis < front.axis)
    return (replace(moved, rank=front.rank - 1, axis=own),)


@front_rule("Slice")
def slice_(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow a crop, every n-th row, or channels from one to another, backwards too."""
    front = fronts[0]
    if front is None or any(one is not None for one in fronts[1:]):
        return None
    if len(node.inputs) == 1:  # before opset 10
        starts, ends = optional_integers(node, "starts"), optional_integers(node, "ends")
    else:
        starts, ends = _integers(node, 1), _integers(node, 2)
    axes = given_axes(node, 3, front.rank)
    if axes is None and (len(node.inputs) <= 3 or node.inputs[3] is None):
        known = starts or ends
        axes = None if known is None else tuple(range(len(known)))
    if axes is None:
        return None
    if front.axis not in axes or front.axis is None:
        return (front,)
    place = axes.index(front.axis)
    given_steps = len(node.inputs) > 4 and node.inputs[4] is not None
    steps = _integers(node, 4) if given_steps else (1,) * len(axes)
    if starts is None or ends is None or steps is None:
        return None
    chosen = _places(len(front.channels), starts[place], ends[place], steps[place])
    return (front.pick(chosen),) if chosen else None


def _places(count: int, start: int, end: int, step: int) -> list[int]:
    """Return which of `count` elements a Slice of ONNX takes."""
    start = start + count if start < 0 else start
    end = end + count if end < 0 else end
    if step > 0:
        return list(range(min(max(start, 0), count), min(max(end, 0), count), step))
    return list(range(min(max(start, 0), count - 1), min(max(end, -1), count - 1), step)) if step else []


def _integers(node: ir.Node, index: int) -> tuple[int, ...] | None:
    found = constant(node, index)
    return None if found is None else tuple(int(item) for item in found.reshape(-1))


@front_rule("Split")
def split(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow parts along an axis."""
    front = fronts[0]
    if front is None:
        return None
    axis, count = integer(node, "axis", 0) % front.rank, len(node.outputs)
    if axis != front.axis:
        return (front,) * count
    sizes = _integers(node, 1) or optional_integers(node, "split")
    if sizes is None:
        each = -(-len(front.channels) // count)
        sizes = (*(each,) * (count - 1), len(front.channels) - each * (count - 1))
    if sum(sizes) != len(front.channels) or len(sizes) != count or min(sizes) < 1:
        return None
    starts = np.cumsum((0, *sizes))
    return tuple(front.pick(range(starts[part], starts[part + 1])) for part in range(count))


@front_rule("Concat")
def concat(node: ir.Node, fronts: Fronts, facts: Facts) -> tuple[Front, ...] | None:
    """Follow channels, or parts of the image, put side by side."""
    parts = [front for front in fronts if front is not None]
    if len(parts) < len(fronts) or len({part.rank for part in parts}) > 1:
        return None
    axis = integer(node, "axis", 0) % parts[0].rank
    if all(
        part.axis in (axis, None) and (part.axis is not None or len(part.channels) == 1) for part in parts
    ) and (parts[0].axis is not None or _are_single(node, axis, facts)):
        return (replace(parts[0], axis=axis, channels=tuple(one for part in parts for one in part.channels)),)
    alike = all(part == parts[0] for part in parts)
    return (parts[0],) if alike else None


def _are_single(node: ir.Node, axis: int, facts: Facts) -> bool:
    shapes = [facts.shape(value) for value in node.inputs]
    return all(shape is not None and len(shape) > axis and shape[axis] == 1 for shape in shapes)


@front_rule("SpaceToDepth")
def space_to_depth(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow blocks of pixels that become channels: block by block, in each the channels in their order."""
    front = fronts[0]
    if front is None or front.axis != 1:
        return None
    return (replace(front, channels=front.channels * integer(node, "blocksize") ** 2),)


@front_rule("Expand", "Tile")
def repeated(node: ir.Node, fronts: Fronts, facts: Facts) -> tuple[Front, ...] | None:
    """Follow a gray channel that is repeated, or an image that is laid beside itself."""
    front, shape = fronts[0], facts.shape(node.outputs[0])
    if front is None or shape is None or any(one is not None for one in fronts[1:]):
        return None
    axis = None if front.axis is None else front.axis + len(shape) - front.rank
    count = 1 if axis is None else shape[axis]
    if not isinstance(count, int) or count % len(front.channels):
        return None
    channels = front.channels * (count // len(front.channels)) if axis is not None else front.channels
    return (Front(len(shape), axis, channels),)
