"""Operators that compute the same of a part of a map as of the whole: what is not named here is left to whole maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.graph.incremental.known import Known
from inspector.model.const import constant_value
from inspector.model.receptive.field import BATCH
from inspector.operators.attributes import flag, integer, optional_integer, optional_integers, text
from inspector.operators.domains import MICROSOFT, is_standard, key_of
from inspector.operators.families import (
    BROADCASTING,
    DEQUANTIZERS,
    EARLY,
    IDENTITIES,
    REDUCTIONS,
    SOFTMAXES,
    UNARY,
)
from inspector.operators.operation import Operation
from inspector.operators.twins import TWINS

_FUNCTIONS = UNARY - EARLY - {"BatchNormalization", "BitCast", "CastLike"} | IDENTITIES
_JOINS = BROADCASTING - {"BitShift"}
_QUANTIZING = frozenset({"QuantizeLinear"}) | DEQUANTIZERS
_TWINS = frozenset({"Add", "AveragePool", "Concat", "Conv", "LeakyRelu", "Mul", "Sigmoid"})
"""Float operators whose twins on codes may be given a part."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A node, the float operation that it stands for, the maps that it reads, and what is known of them."""

    node: ir.Node
    operation: Operation
    maps: tuple[ir.Value, ...]
    known: Known


Judge = Callable[[Question], bool]


def judge_of(node: ir.Node, operation: Operation) -> Judge | None:
    """Return what says whether a node may be given a part; None where its operator never is."""
    twin = TWINS.get(key_of(node))
    if twin is not None and (operation.op_type not in _TWINS or flag(node, "channels_last")):
        return None
    if twin is None and not is_standard(node):
        return _of_one if node.domain == MICROSOFT and node.op_type == "QuickGelu" else None
    return _JUDGES.get(operation.op_type)


def _of_one(asked: Question) -> bool:
    """A function of elements, whose settings are single numbers (of a twin, those of its codes are)."""
    return all(
        _is_single(value) for value in asked.node.inputs if value is not None and value not in asked.maps
    )


def _joined(asked: Question) -> bool:
    """What is joined with a constant is, as long as that is the same at all places."""
    rank = len(asked.known.sizes(asked.node.outputs[0]))
    if any(len(asked.known.sizes(value)) != rank for value in asked.maps):
        return False
    if key_of(asked.node) in TWINS and not _of_one(asked):
        return False
    return all(
        _is_even(value, asked.node.outputs[0], asked.known)
        for value in asked.operation.inputs
        if value is not None and value not in asked.maps
    )


def _concatenated(asked: Question) -> bool:
    rank = len(asked.known.sizes(asked.node.outputs[0]))
    role = asked.known.field(asked.node.outputs[0]).roles[integer(asked.operation, "axis") % rank]
    return (
        role not in asked.known.extent(asked.node.outputs[0])
        and role != BATCH
        and all(value in asked.maps for value in asked.operation.inputs)
        and all(len(asked.known.sizes(value)) == rank for value in asked.maps)
        and (key_of(asked.node) not in TWINS or _of_one(asked))
    )


def _of_first(asked: Question) -> bool:
    """What looks at its first input alone, and at the rest as weights."""
    return asked.maps == (asked.operation.inputs[0],)


def _normalized(asked: Question) -> bool:
    """BatchNormalization: its parameters go along the second axis, which must be none of space."""
    roles = asked.known.field(asked.maps[0]).roles
    return _of_first(asked) and roles[1] not in asked.known.extent(asked.maps[0])


def _across_channels(asked: Question) -> bool:
    """What looks at all channels of a place; that it looks at no other place is seen in its way."""
    return _of_first(asked) and all(
        _is_even(value, asked.node.outputs[0], asked.known)
        for value in asked.operation.inputs[1:]
        if value is not None
    )


def _reduced(asked: Question) -> bool:
    return _of_first(asked) and flag(asked.operation, "keepdims")


def _multiplied(asked: Question) -> bool:
    """MatMul by one matrix, along an axis that is none of space."""
    weights = constant_value(asked.operation.inputs[1])
    if not _of_first(asked) or weights is None or weights.ndim != 2:
        return False
    return asked.known.field(asked.maps[0]).roles[-1] not in asked.known.extent(asked.maps[0])


def _coded(asked: Question) -> bool:
    """QuantizeLinear, DequantizeLinear: by one scale, or by one for each slice along an axis that is none of space."""
    if not _of_first(asked) or optional_integer(asked.node, "block_size"):
        return False
    roles = asked.known.field(asked.maps[0]).roles
    axis = integer(asked.node, "axis", 1)
    is_along = -len(roles) <= axis < len(roles) and roles[axis] not in asked.known.extent(asked.maps[0])
    return _of_one(asked) or is_along


def _padded(asked: Question) -> bool:
    """Pad by one value, along axes of space alone."""
    node = asked.node
    if not _of_first(asked) or text(node, "mode") != "constant" or len(node.inputs) > 3:
        return False
    given = constant_value(node.inputs[1]) if len(node.inputs) > 1 else optional_integers(node, "pads")
    if given is None:
        return False
    pads = [int(one) for one in np.asarray(given)]
    roles, extent = asked.known.field(asked.maps[0]).roles, asked.known.extent(asked.maps[0])
    if len(pads) != 2 * len(roles) or min(pads) < 0:
        return False
    both = zip(roles, pads[: len(roles)], pads[len(roles) :], strict=True)
    return all(role in extent or not (before or after) for role, before, after in both)


def _sliced(asked: Question) -> bool:
    """Slice, by constants; along axes of space forward, which a part goes as well from its own first element."""
    node = asked.node
    if not _of_first(asked) or len(node.inputs) < 4:  # without axes, or of an opset with attributes
        return False
    axes, roles = constant_value(node.inputs[3]), asked.known.field(asked.maps[0]).roles
    steps = constant_value(node.inputs[4]) if len(node.inputs) > 4 and node.inputs[4] is not None else None
    if axes is None:
        return False
    forward = np.ones(axes.size) if steps is None else steps.reshape(-1)
    extent = asked.known.extent(asked.maps[0])
    named = [roles[int(axis)] for axis in axes.reshape(-1)]
    return all(role not in extent or step > 0 for role, step in zip(named, forward.tolist(), strict=True))


def _transposed(_asked: Question) -> bool:
    return True


_JUDGES: dict[str, Judge] = {
    **dict.fromkeys(_FUNCTIONS, _of_one),
    **dict.fromkeys(_JOINS, _joined),
    **dict.fromkeys(_QUANTIZING, _coded),
    **dict.fromkeys(
        SOFTMAXES | {"LRN", "LayerNormalization", "LpNormalization", "RMSNormalization"}, _across_channels
    ),
    **dict.fromkeys(REDUCTIONS, _reduced),
    "AveragePool": _of_first,
    "BatchNormalization": _normalized,
    "Concat": _concatenated,
    "Conv": _of_first,
    "MatMul": _multiplied,
    "MaxPool": _of_first,
    "Pad": _padded,
    "Slice": _sliced,
    "Transpose": _transposed,
}


def _is_single(value: ir.Value) -> bool:
    array = constant_value(value)
    return array is not None and array.size == 1


def _is_even(value: ir.Value, output: ir.Value, known: Known) -> bool:
    """Return whether a constant is the same at all places, as it broadcasts against a map."""
    array, roles = constant_value(value), known.field(output).roles
    if array is None or array.ndim > len(roles):
        return False
    return all(
        size == 1 or role not in known.extent(output)
        for size, role in zip(array.shape, roles[len(roles) - array.ndim :], strict=True)
    )
