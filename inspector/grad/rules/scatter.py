"""Operators that write elements by index: the Scatter family.

For y = x with updates u at places i:
  none   gx = gy but zero at i;           gu = gy[i]
  add    gx = gy;                         gu = gy[i]
  mul    gx = gy·u at i;                  gu = (gy·y)[i]/u, or (gy·x)[i] where u is 0
  max    gx = gy where y = x;             gu = gy[i] where u alone is y[i]; likewise min
Where several updates meet at one place, "none" leaves it open which of them stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, optional, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer, text

Write = Callable[..., ir.Value]
Read = Callable[[ir.Value], ir.Value]


@dataclass(frozen=True)
class _Places:
    """How a graph writes at the places of a scatter, `write(data, updates, reduction=…)`, and reads from them."""

    write: Write
    read: Read


@rule("Scatter", "ScatterElements")
def scatter_elements(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Write and read along one axis (equations above)."""
    b.mix_batch()
    axis, indices = integer(node, "axis") % b.rank(operand(node, 0)), b.saved(operand(node, 1))

    def write(data: ir.Value, updates: ir.Value, *, reduction: str = "none") -> ir.Value:
        return b.op("ScatterElements", data, indices, updates, axis=axis, reduction=reduction)

    return _scatter(
        b, node, gy, _Places(write, lambda data: b.op("GatherElements", data, indices, axis=axis))
    )


@rule("ScatterND")
def scatter_nd(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Write and read along several axes (equations above)."""
    b.mix_batch()
    indices = b.saved(operand(node, 1))

    def write(data: ir.Value, updates: ir.Value, *, reduction: str = "none") -> ir.Value:
        return b.op("ScatterND", data, indices, updates, reduction=reduction)

    return _scatter(b, node, gy, _Places(write, lambda data: b.op("GatherND", data, indices)))


@rule("TensorScatter", since=24)
def tensor_scatter(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gcache = gy but zero where the update was written along the axis; gupdate = gy there."""
    cache, update = operand(node, 0), operand(node, 1)
    rank = b.rank(update)
    axis = integer(node, "axis") % rank
    length, size = b.sizes(update, axis)[0], b.sizes(cache, axis)[0]
    places = b.ints(np.arange(length).reshape([-1 if a == axis else 1 for a in range(rank)]).tolist())
    starts = optional(node, 2)
    if starts is not None:
        places = b.op("Add", b.op("Reshape", b.saved(starts), b.ints([-1] + [1] * (rank - 1))), places)
    if text(node, "mode") == "circular":
        places = b.op("Mod", places, b.ints(size))
    seeds = b.op("Shape", gy, start=0, end=1)
    whole = b.op("Concat", seeds, b.ints(b.sizes(update, *range(1, rank))), axis=0)
    places = b.op("Expand", places, whole)
    zeros = b.zeros(whole)
    gcache = b.op("ScatterElements", gy, places, zeros, axis=axis)
    return [gcache, b.op("GatherElements", gy, places, axis=axis), *[None] * (len(node.inputs) - 2)]


def _scatter(b: Builder, node: ir.Node, gy: ir.Value, places: _Places) -> Gradients:
    reduction = text(node, "reduction", "none")
    gx, gu = _REDUCTIONS[reduction](b, node, gy, places)
    return [gx, None, gu]


def _replaced(b: Builder, node: ir.Node, gy: ir.Value, places: _Places) -> Sequence[ir.Value]:  # noqa: ARG001
    gu = places.read(gy)
    return places.write(gy, b.zeros(b.op("Shape", gu))), gu


def _added(b: Builder, node: ir.Node, gy: ir.Value, places: _Places) -> Sequence[ir.Value]:  # noqa: ARG001
    return gy, places.read(gy)


def _multiplied(b: Builder, node: ir.Node, gy: ir.Value, places: _Places) -> Sequence[ir.Value]:
    x, updates, y = b.saved(operand(node, 0)), b.saved(operand(node, 2)), b.saved(node.outputs[0])
    zero = b.op("Equal", updates, b.constant(0))
    divisor = b.op("Where", zero, b.constant(1), updates)
    others = b.op("Where", zero, places.read(x), b.op("Div", places.read(y), divisor))
    return places.write(gy, updates, reduction="mul"), b.op("Mul", places.read(gy), others)


def _extreme(b: Builder, node: ir.Node, gy: ir.Value, places: _Places) -> Sequence[ir.Value]:
    x, updates, y = b.saved(operand(node, 0)), b.saved(operand(node, 2)), b.saved(node.outputs[0])
    kept = b.op("Equal", x, y)
    gx = b.op("Where", kept, gy, b.constant(0))
    replaced = b.op("Sub", gy, gx)
    won = b.op("Equal", updates, places.read(y))
    return gx, b.op("Where", won, places.read(replaced), b.constant(0))


_REDUCTIONS = {"none": _replaced, "add": _added, "mul": _multiplied, "max": _extreme, "min": _extreme}
