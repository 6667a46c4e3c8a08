"""Operands that are not computed from the images: whether they are the same for every image of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
import onnx_ir as ir

from inspector.graph.batch.placement import Placement
from inspector.model.const import constant_value
from inspector.operators.families import BROADCASTING, MOVERS, UNARY
from inspector.types.arrays import Array

_MAX_DEPTH = 32

_SETTINGS = {
    "Reshape": 1, "Expand": 1, "Slice": 1, "DynamicSlice": 1, "Tile": 1, "Pad": 1, "Resize": 1, "Upsample": 1,
    "Unsqueeze": 1, "Squeeze": 1, "TopK": 1, "Split": 1, "CumSum": 1, "CumProd": 1, "CenterCropPad": 1, "Dropout": 1,
    "ConstantOfShape": 0, "Range": 0,
}  # fmt: skip
"""From which input on an operator is told how to work; what comes of it is seen by its shapes."""

_SAME_AXES = frozenset({"Concat", "GatherElements", "Scatter", "ScatterElements"})
"""Operators whose inputs have the same axes."""


class Operands:
    """Judges the operands of nodes; `values(batch)` returns the small tensors that follow from shapes alone."""

    def __init__(self, *, batch: int, one: int | None, values: Callable[[int], Mapping[str, Array]]) -> None:
        """Judge for `batch` images; `one` is the other size that a free batch may have, None for a fixed one."""
        self._batch, self._one, self._values = batch, one, values

    def differ(self, node: ir.Node, place: int, placement: Placement, rank: int) -> bool:
        """Return whether an input may be another one for another image, or for another number of images."""
        value = node.inputs[place]
        if value is None or place >= _SETTINGS.get(node.op_type, place + 1):
            return False
        if node.op_type.startswith("Reduce") and place > 0:
            return False
        array = constant_value(value)
        if array is not None:
            axis = self._axis_in(node, place, array.ndim, placement, rank)
            if self._one is not None and axis is not None and node.op_type in _SAME_AXES:
                return True  # it goes with one number of images only
            return not self._alike(array, axis, placement)
        return not self._follows_alike(node, place, placement, rank)

    def _follows_alike(self, node: ir.Node, place: int, placement: Placement, rank: int) -> bool:
        value = node.inputs[place]
        here = self._here.get(value.name or "") if value is not None else None
        if value is None or here is None:
            return value is None or self._is_uniform(value, _MAX_DEPTH)
        axis = self._axis_in(node, place, here.ndim, placement, rank)
        if self._one is None:
            return self._alike(here, axis, placement)
        there = self._there.get(value.name or "")
        if there is None:
            return False
        if here.shape == there.shape:
            return np.array_equal(here, there) and self._alike(here, axis, placement)
        if axis is None or here.ndim != there.ndim:
            return False
        first = here.take(range(there.shape[axis]), axis) if there.shape[axis] <= here.shape[axis] else here
        return self._alike(here, axis, placement) and np.array_equal(first, there)

    def _alike(self, array: Array, axis: int | None, placement: Placement) -> bool:
        """Return whether all images find the same along the axis at which theirs stands."""
        if axis is not None and axis >= array.ndim:  # the rank of the result is not known
            return array.size == 1
        if axis is None or array.shape[axis] == 1:
            return True
        own = Placement(axis=axis, parts=placement.parts, cyclic=placement.cyclic)
        if not own.fits(array.shape, self._batch):
            return self._one is None  # a constant of another size goes with no free batch
        apart = own.split(array, self._batch)
        return bool((apart == apart[:1]).all())

    def _axis_in(self, node: ir.Node, place: int, rank: int, placement: Placement, result: int) -> int | None:
        """Return the operand's axis that goes with the images' in the result, if it has one."""
        axis = placement.axis
        if axis is None:
            return None
        if node.op_type in _SAME_AXES:
            return axis if axis < rank else None
        stacked = node.op_type == "MatMul" and axis < result - 2
        if node.op_type in BROADCASTING or stacked or (node.op_type == "Gemm" and place == 2):
            own = axis - (result - rank)
            return own if own >= 0 else None
        return None

    def _is_uniform(self, value: ir.Value, depth: int) -> bool:
        """Return whether all elements that a number of images adds are alike, whatever that number is."""
        if constant_value(value) is not None:
            return True
        node = value.producer()
        if node is None or depth == 0:
            return node is None and value.is_initializer()
        here, there = (found.get(value.name or "") for found in (self._here, self._there))
        if here is not None and there is not None and here.shape == there.shape:
            return np.array_equal(here, there)
        if node.op_type == "ConstantOfShape":
            return True
        if node.op_type not in UNARY | BROADCASTING | MOVERS | {"Concat"}:
            return False
        data = node.inputs[: _SETTINGS.get(node.op_type, len(node.inputs))]
        return all(item is None or self._is_uniform(item, depth - 1) for item in data)

    @cached_property
    def _here(self) -> Mapping[str, Array]:
        return self._values(self._batch)

    @cached_property
    def _there(self) -> Mapping[str, Array]:
        return {} if self._one is None else self._values(self._one)
