"""What a walk over the end of a graph may ask: shapes, the opset, the rank of a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import onnx_ir as ir

from inspector.operators.attributes import integer, optional_integers
from inspector.operators.domains import opset_among
from inspector.operators.operation import Operation
from inspector.types.layers import Shape


@dataclass(frozen=True, kw_only=True)
class Context:
    """The facts of one model."""

    shapes: Mapping[str, Shape]
    """Of tensors, for one image, as far as they are known."""
    opset: int

    def shape(self, value: ir.Value | None) -> Shape | None:
        """Return a tensor's shape, where it is known."""
        return None if value is None or value.name is None else self.shapes.get(value.name)

    def rank(self, value: ir.Value | None) -> int | None:
        """Return the number of a tensor's axes, where it is known."""
        shape = self.shape(value)
        return None if shape is None else len(shape)

    def axis(self, operation: Operation, default: int | None = None) -> int | None:
        """Return a node's axis, counted from the front; None where the rank is unknown and the axis negative."""
        opset = self.opset if operation.opset is None else operation.opset
        axis = integer(operation, "axis", default, opset=opset)
        if axis >= 0:
            return axis
        rank = self.rank(operation.inputs[0])
        return None if rank is None else axis + rank


def context_of(model: ir.Model, shapes: Mapping[str, Shape]) -> Context:
    """Return the context of a model."""
    return Context(shapes=shapes, opset=opset_among(model.opset_imports, default=1))


def axis_after(node: ir.Node, axis: int, context: Context) -> int | None:
    """Return where an axis is after a node that only rearranges; None where it cannot be followed."""
    before, after = context.shape(node.inputs[0]), context.shape(node.outputs[0])
    if node.op_type == "Transpose":
        perm = optional_integers(node, "perm")
        if perm is None:
            return None if before is None else len(before) - 1 - axis
        return perm.index(axis) if axis in perm else None
    if before == after or before is None or after is None or axis >= len(before):
        return axis if before == after else None
    size, behind = before[axis], before[axis + 1 :]
    if not isinstance(size, int) or not all(isinstance(one, int) for one in behind):
        return None
    for place, other in enumerate(after):
        rest = after[place + 1 :]
        if other == size and all(isinstance(one, int) for one in rest) and prod(rest) == prod(behind):  # type: ignore[arg-type]
            return place
    return None
