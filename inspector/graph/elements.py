"""Elements of a tensor, traced back through what only moves them: where a box's score was computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.heads.context import Context, context_of
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


@dataclass(frozen=True)
class TracedApart:
    """Elements that may come of several tensors."""

    tensors: tuple[str, ...]
    numbers: Array
    """int32 (n,): which of the tensors each is an element of."""
    places: Array
    """int64 (n,): flat indices into those, of one image."""

    def __getitem__(self, element: int) -> Traced:
        """Return one of them."""
        return Traced(self.tensors[self.numbers[element]], self.places[element : element + 1])


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
    context, way = context_of(model, shapes), _begun(model, tensor, places, through_activation)
    for _ in range(MAX_STEPS):
        found = _back(way, context, shapes)
        if len(found) != 1 or len(found[0].places) < len(way.places) or found[0].is_given:
            break
        way = found[0]
    return Traced(way.name or tensor, way.places)


def trace_apart(
    model: ir.Model,
    tensor: str,
    places: Array,
    *,
    shapes: Mapping[str, Shape],
    through_activation: bool = False,
) -> TracedApart:
    """Return, of each of many elements, what `trace_elements` returns of it alone: they may come of several tensors."""
    context, start = context_of(model, shapes), _begun(model, tensor, places, through_activation)
    ended, going = list[_Way](), [start]
    for _ in range(MAX_STEPS):
        ways, going = going, []
        for way in ways:
            found = [one for one in _back(way, context, shapes) if not one.is_given]
            going += found
            ended += [left] if len((left := way.without(found)).which) else []
    tensors = dict.fromkeys(one.name or tensor for one in (*ended, *going))
    order = {name: number for number, name in enumerate(tensors)}
    numbers, own = np.zeros(len(start.which), np.int32), start.places.copy()
    for one in (*ended, *going):
        numbers[one.which], own[one.which] = order[one.name or tensor], one.places
    return TracedApart(tuple(tensors), numbers, own)


@dataclass(frozen=True, kw_only=True)
class _Way:
    """Elements on their way back."""

    value: ir.Value | None
    """None of an input of the graph, which is where they begin and end."""
    places: Array
    """int64 (n,): flat indices into the value."""
    which: Array
    """int64 (n,): which ones they are of those that are traced."""
    passes_activation: bool

    @property
    def name(self) -> str | None:
        """The tensor's name."""
        return self.value.name if self.value is not None else None

    @property
    def is_given(self) -> bool:
        """Whether no node gives the tensor."""
        return self.value is None or self.value.producer() is None

    def without(self, others: Sequence[_Way]) -> _Way:
        """Return what is left where some elements went on."""
        if not others:
            return self
        left = ~np.isin(self.which, np.concatenate([one.which for one in others]))
        return replace(self, places=self.places[left], which=self.which[left])


def _begun(model: ir.Model, tensor: str, places: Array, passes_activation: bool) -> _Way:  # noqa: FBT001
    values = (value for node in model.graph for value in node.outputs)
    value = next((value for value in values if value.name == tensor), None)
    flat = np.asarray(places, np.int64).reshape(-1)
    return _Way(value=value, places=flat, which=np.arange(len(flat)), passes_activation=passes_activation)


def _back(way: _Way, context: Context, shapes: Mapping[str, Shape]) -> list[_Way]:
    """Return where elements were before the node that gives them, by its inputs; [] where that is not followed."""
    node = way.value.producer() if way.value is not None else None
    if node is None or way.value is None:
        return []
    before = _before_activation(node, context) if way.passes_activation else None
    if before is not None:
        return [replace(way, value=before, passes_activation=False)]
    if node.op_type == "Concat":
        return _joined(node, way, shapes)
    moved = _moved(node, way.value, way.places, shapes)
    return [] if moved is None else [replace(way, value=moved[0], places=moved[1])]


def _before_activation(node: ir.Node, context: Context) -> ir.Value | None:
    if node.op_type in ("Sigmoid", "Softmax", "HardSigmoid", "LogSoftmax"):
        return node.inputs[0]
    parts = softmax_in_parts(node, context)
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


def _joined(node: ir.Node, way: _Way, shapes: Mapping[str, Shape]) -> list[_Way]:
    """Return the elements apart, by the inputs of a Concat that they come from."""
    shape = _known(shapes, node.outputs[0])
    if shape is None:
        return []
    axis = integer(node, "axis", 1) % len(shape)
    index = np.unravel_index(way.places, shape)
    start, found = 0, []
    for source in node.inputs:
        own = _known(shapes, source)
        if own is None or source is None:
            return []
        stop = start + own[axis]
        inside = (index[axis] >= start) & (index[axis] < stop)
        if inside.any():
            here = [one[inside] for one in index]
            here[axis] = here[axis] - start
            places = np.asarray(np.ravel_multi_index(tuple(here), own))
            found.append(replace(way, value=source, places=places, which=way.which[inside]))
        start = stop
    return found


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
