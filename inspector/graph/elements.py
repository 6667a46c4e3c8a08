"""Elements of a tensor, traced back through what only moves them: where a box's score was computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.heads.context import context_of
from inspector.model.heads.formulas import sigmoid_in_parts, softmax_in_parts
from inspector.operators.attributes import integer, optional_integers
from inspector.operators.families import CASTS, RESHAPERS
from inspector.types.arrays import Array
from inspector.types.layers import Shape

MAX_STEPS = 64


@dataclass(frozen=True)
class Traced:
    """Elements of a tensor."""

    tensor: str
    places: Array
    """int64 (n,): flat indices into the tensor of one image, which a batch axis of 1 does not change."""


def trace_elements(
    model: ir.Model,
    tensor: str,
    places: Array,
    *,
    shapes: Mapping[str, Shape],
    through_activation: bool = False,
) -> Traced:
    """Return the elements of an earlier tensor that are these, as far as nothing but movement lies between.

    `shapes` are those of one image. With `through_activation` one Sigmoid or Softmax is passed on the way: then the
    elements are the scores before it.
    """
    values = {value.name: value for node in model.graph for value in node.outputs}
    value = values.get(tensor)
    context, flat = context_of(model, shapes), np.asarray(places, np.int64).reshape(-1)
    for _ in range(MAX_STEPS):
        node = value.producer() if value is not None else None
        if node is None or value is None:
            break
        before = _before_activation(node, context) if through_activation else None
        if before is not None:
            found: tuple[ir.Value, Array] | None = (before, flat)
            through_activation = False
        else:
            found = _moved(node, value, flat, shapes)
        if found is None or found[0].producer() is None:
            break
        value, flat = found
    return Traced(value.name if value is not None and value.name else tensor, flat)


def _before_activation(node: ir.Node, context: object) -> ir.Value | None:
    if node.op_type in ("Sigmoid", "Softmax", "HardSigmoid", "LogSoftmax"):
        return node.inputs[0]
    parts = softmax_in_parts(node, context)  # type: ignore[arg-type]
    return parts[0] if parts is not None else sigmoid_in_parts(node)


def _moved(
    node: ir.Node, value: ir.Value, flat: Array, shapes: Mapping[str, Shape]
) -> tuple[ir.Value, Array] | None:
    """Return the input whose elements come out at these places, and their places there."""
    source = node.inputs[0] if node.inputs else None
    if source is None:
        return None
    if node.op_type in RESHAPERS | CASTS | {"Identity", "Dropout", "Clip"}:
        return source, flat
    if node.op_type == "Concat":
        return _joined(node, flat, shapes)
    if node.op_type == "Split":
        return _split(node, value, flat, shapes)
    select = _SELECTIONS.get(node.op_type)
    shape = _known(shapes, source)
    if select is None or shape is None or prod(shape) > _MOST:
        return None
    numbers = select(node, np.arange(prod(shape)).reshape(shape))
    return None if numbers is None else (source, numbers.reshape(-1)[flat])


_MOST = 1 << 24
"""A tensor of more elements is not followed: a number is made for each."""


def _joined(node: ir.Node, flat: Array, shapes: Mapping[str, Shape]) -> tuple[ir.Value, Array] | None:
    shape = _known(shapes, node.outputs[0])
    if shape is None:
        return None
    axis = integer(node, "axis", 1) % len(shape)
    index = list(np.unravel_index(flat, shape))
    start = 0
    for source in node.inputs:
        own = _known(shapes, source)
        if own is None or source is None:
            return None
        stop = start + own[axis]
        inside = (index[axis] >= start) & (index[axis] < stop)
        if inside.all():
            index[axis] = index[axis] - start
            return source, np.asarray(np.ravel_multi_index(tuple(index), own))
        if inside.any():
            return None
        start = stop
    return None


def _split(
    node: ir.Node, value: ir.Value, flat: Array, shapes: Mapping[str, Shape]
) -> tuple[ir.Value, Array] | None:
    whole, source = [_known(shapes, one) for one in node.outputs], node.inputs[0]
    before = _known(shapes, source)
    place = list(node.outputs).index(value)
    own = whole[place]
    if before is None or own is None or source is None:
        return None
    axis = integer(node, "axis", 0) % len(own)
    starts = [one[axis] for one in whole[:place] if one is not None]
    if len(starts) != place:
        return None
    index = list(np.unravel_index(flat, own))
    index[axis] = index[axis] + sum(starts)
    return source, np.asarray(np.ravel_multi_index(tuple(index), before))


def _known(shapes: Mapping[str, Shape], value: ir.Value | None) -> tuple[int, ...] | None:
    shape = shapes.get(value.name or "") if value is not None else None
    if shape is None:
        return None
    sizes = tuple(size for size in shape if isinstance(size, int))
    return sizes if len(sizes) == len(shape) else None


def _transposed(node: ir.Node, numbers: Array) -> Array | None:
    return np.transpose(numbers, optional_integers(node, "perm"))


def _sliced(node: ir.Node, numbers: Array) -> Array | None:
    given = [
        _whole(node, place, name) for place, name in enumerate(("starts", "ends", "axes", "steps"), start=1)
    ]
    starts, ends, axes, steps = given
    if starts is None or ends is None or (len(node.inputs) > 3 and axes is None):
        return None
    cut = [slice(None)] * numbers.ndim
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis = place if axes is None else axes[place]
        step = 1 if steps is None else steps[place]
        cut[axis] = slice(start, None if step < 0 and end < -numbers.shape[axis] else end, step)
    return numbers[tuple(cut)]


def _whole(node: ir.Node, place: int, name: str) -> list[int] | None:
    """Return a list of whole numbers: an attribute below opset 10, an input since then."""
    if place < len(node.inputs) and node.inputs[place] is not None:
        found = constant_value(node.inputs[place])
        return None if found is None else [int(one) for one in np.atleast_1d(found)]
    stated = optional_integers(node, name)
    return None if stated is None else list(stated)


def _gathered(node: ir.Node, numbers: Array) -> Array | None:
    order = constant_value(node.inputs[1])
    return None if order is None else np.take(numbers, order.astype(np.int64), axis=integer(node, "axis", 0))


_SELECTIONS: Mapping[str, Callable[[ir.Node, Array], Array | None]] = {
    "Transpose": _transposed,
    "Slice": _sliced,
    "Gather": _gathered,
}
