"""What stands along an axis of an output: the parts that a Concat put side by side, and how each was made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import onnx_ir as ir

from inspector.errors import InvalidModelError
from inspector.model.const import constant_value
from inspector.model.heads.context import Context, axis_after
from inspector.model.heads.formulas import sigmoid_by_tanh, sigmoid_in_parts, softmax_in_parts
from inspector.operators.attributes import optional_integers
from inspector.operators.families import CONVOLUTIONS, DENSE, DEQUANTIZERS, QUANTIZERS, REARRANGERS, RESIZERS
from inspector.operators.operation import as_float
from inspector.operators.twins import float_operator

SIGMOID, SOFTMAX, RAW, COMPUTED = "sigmoid", "softmax", "none", "computed"
MAX_DEPTH = 40
_KEPT = RESIZERS | {"Cast", "Clip", "Pad"}
"""They keep what stands along an axis of channels apart."""
_LAYERS = CONVOLUTIONS | DENSE | {"BatchNormalization", "Add"}


@dataclass(frozen=True)
class Piece:
    """Numbers side by side that were made the same way."""

    size: int
    origin: str
    """SIGMOID, SOFTMAX, RAW (as a layer gave them) or COMPUTED."""

    @property
    def are_fractions(self) -> bool:
        """Whether an activation has brought them between 0 and 1."""
        return self.origin in (SIGMOID, SOFTMAX)


def pieces_of(value: ir.Value, axis: int, context: Context) -> list[Piece] | None:
    """Return the pieces along an axis (counted with the batch axis); None where a size is unknown."""
    try:
        found = _pieces(value, axis, context, 0)
    except (InvalidModelError, IndexError, ValueError):
        return None  # nodes that are not what their operators take; whoever runs them says so
    shape = context.shape(value)
    if found is None or shape is None or sum(one.size for one in found) != shape[axis]:
        return None
    return found


def merged(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces with neighbors of one origin as one."""
    return [
        Piece(sum(p.size for p in group), origin) for origin, group in groupby(pieces, lambda p: p.origin)
    ]


def _pieces(value: ir.Value | None, axis: int, context: Context, depth: int) -> list[Piece] | None:
    shape = context.shape(value)
    size = shape[axis] if shape is not None and axis < len(shape) else None
    if value is None or not isinstance(size, int):
        return None
    node = value.producer()
    origin = _origin(node, context)
    if origin is not None or node is None or depth > MAX_DEPTH:
        return [Piece(size, origin or COMPUTED)]
    below = node.inputs[0] if node.inputs else None
    if node.op_type in QUANTIZERS or node.op_type in DEQUANTIZERS or node.op_type in _KEPT:
        return _pieces(below, axis, context, depth + 1)
    if node.op_type in REARRANGERS:
        before = _axis_before(node, axis, context)
        return [Piece(size, COMPUTED)] if before is None else _pieces(below, before, context, depth + 1)
    if float_operator(node) == "Concat":
        return _joined(node, axis, context, depth)
    if node.op_type in ("Slice", "Split", "Gather"):
        return _cut(node, axis, size, context, depth)
    return [Piece(size, COMPUTED)]


def _origin(node: ir.Node | None, context: Context) -> str | None:
    if node is None:
        return COMPUTED
    operator = float_operator(node)
    if operator in ("Sigmoid", "HardSigmoid") or sigmoid_in_parts(node) is not None:
        return SIGMOID
    if operator == "Softmax" or softmax_in_parts(node, context) is not None:
        return SOFTMAX
    if sigmoid_by_tanh(node) is not None:
        return SIGMOID if operator in ("Mul", "Div") else RAW
    if operator == "Add" and any(
        constant_value(one) is not None and node.op_type == "Add" for one in node.inputs
    ):
        moved = next((one for one in node.inputs if constant_value(one) is None), None)
        made = moved.producer() if moved is not None else None
        return RAW if made is not None and float_operator(made) in _LAYERS else COMPUTED  # a bias, or a grid
    return RAW if operator in _LAYERS else None


def _joined(node: ir.Node, axis: int, context: Context, depth: int) -> list[Piece] | None:
    operation = as_float(node)
    along = context.axis(operation, 1)
    inputs = [one for one in operation.inputs if one is not None]
    if along != axis:
        return _pieces(inputs[0], axis, context, depth + 1)
    found: list[Piece] = []
    for one in inputs:
        pieces = _pieces(one, axis, context, depth + 1)
        if pieces is None:
            return None
        found += pieces
    return found


def _cut(node: ir.Node, axis: int, size: int, context: Context, depth: int) -> list[Piece] | None:
    below = _pieces(node.inputs[0], axis, context, depth + 1)
    if below is None:
        return None
    if sum(one.size for one in below) == size:
        return below
    origins = {one.origin for one in below}
    return [Piece(size, origins.pop() if len(origins) == 1 else COMPUTED)]


def _axis_before(node: ir.Node, axis: int, context: Context) -> int | None:
    if node.op_type == "Transpose":
        perm = optional_integers(node, "perm")
        rank = context.rank(node.inputs[0])
        if perm is not None:
            return perm[axis]
        return None if rank is None else rank - 1 - axis
    rank = context.rank(node.inputs[0])
    return next((one for one in range(rank or 0) if axis_after(node, one, context) == axis), None)
