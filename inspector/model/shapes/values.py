"""Values that a graph computes from shapes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.rewriting.shape_folding import node_value
from inspector.operators.domains import opset_among
from inspector.types.arrays import Array
from inspector.types.layers import Dim, Shape

MAX_DEPTH = 64
"""How many nodes are followed; PyTorch computes pads by twelve."""

_OTHER_BATCH = 3


def shape_value(value: ir.Value, shapes: Mapping[str, Sequence[Dim]]) -> Array | None:
    """Return the small array that `value` is for images of these shapes, however many, or None.

    `shapes` are for one image. None where it depends on the images' values, or on their number.
    """
    one, more = (_value(value, shapes, batch, MAX_DEPTH, {}) for batch in (1, _OTHER_BATCH))
    return one if one is not None and more is not None and np.array_equal(one, more) else None


def _value(
    value: ir.Value,
    shapes: Mapping[str, Sequence[Dim]],
    batch: int,
    depth: int,
    found: dict[tuple[ir.Value, int], Array | None],
) -> Array | None:
    """Return the array, each once: where values are read many times, the ways to them are too many to follow."""
    key = (value, depth)
    if key not in found:
        found[key] = _computed(value, shapes, batch, depth, found)
    return found[key]


def _computed(
    value: ir.Value,
    shapes: Mapping[str, Sequence[Dim]],
    batch: int,
    depth: int,
    found: dict[tuple[ir.Value, int], Array | None],
) -> Array | None:
    constant = constant_value(value)
    node = value.producer()
    if constant is not None or node is None or node.graph is None or depth == 0:
        return constant
    known: dict[str, Array] = {}
    sizes: dict[str, Shape] = {}
    for operand in node.inputs:
        if operand is None or not operand.name:
            continue
        array = _value(operand, shapes, batch, depth - 1, found)
        if array is not None:
            known[operand.name], sizes[operand.name] = array, array.shape
        elif node.op_type in ("Shape", "Size"):
            sizes[operand.name] = _batched(shapes.get(operand.name), batch)
        else:
            return None
    opset = opset_among(node.graph.opset_imports, default=1)
    return node_value(ir.to_proto(node), known, sizes, opset=opset)


def _batched(shape: Sequence[Dim] | None, batch: int) -> Shape:
    """Return a shape for several images: any first axis may be, or hold, the batch."""
    first = shape[0] if shape else None
    if shape is None or not isinstance(first, int):
        return (None,)
    return (first * batch, *shape[1:])
