"""Scores that are made probabilities of twice."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.model.dependence import dependents, maker_of
from inspector.model.spec import OnnxModel
from inspector.operators.families import CASTS, DEQUANTIZERS, GATES, IDENTITIES, QUANTIZERS, REARRANGERS
from inspector.operators.nodes import name_of
from inspector.operators.operation import as_float

_OUTER = frozenset({"LogSoftmax", "Sigmoid", "Softmax"})
_INNER = GATES | {"Softmax"}
_MOVES = REARRANGERS | IDENTITIES | CASTS | QUANTIZERS | DEQUANTIZERS


def squashed_twice(model: OnnxModel) -> Iterator[tuple[str, str, str, str]]:
    """Yield (a node, its operator, the node before it, its operator) where a softmax or sigmoid reads another's result.

    What stands between them moves values, and computes nothing.
    """
    for node in dependents(model.ir.graph, model.input.name):
        operation = as_float(node)
        before = maker_of(operation.inputs[0], through=_MOVES) if operation.inputs else None
        if operation.op_type in _OUTER and before is not None and as_float(before).op_type in _INNER:
            yield name_of(node), node.op_type, name_of(before), before.op_type
