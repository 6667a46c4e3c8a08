"""Concatenations that begin with all of an earlier one, as in dense blocks (Huang et al. 2017, fig. 2).

Their gradient is handed to the earlier one in one piece, which hands it on with its own: one sum for each layer of a
block in place of one for each pair of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from inspector.grad.rule import Gradients
from inspector.grad.step import Step
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer
from inspector.operators.domains import is_standard

_FEWEST = 2


def nested_joins(nodes: Sequence[ir.Node], b: Builder) -> dict[ir.Node, Step]:
    """Return the steps of such concatenations among the nodes of a walk, which are in graph order."""
    earlier: dict[tuple[int, tuple[ir.Value, ...]], ir.Value] = {}
    found = {}
    for node in nodes:
        shape = b.known_shape(node.outputs[0]) if node.op_type == "Concat" and is_standard(node) else None
        axis = integer(node, "axis", 1) % len(shape) if shape else 0
        if not shape or not axis or not isinstance(shape[axis], int):
            continue
        inputs = tuple(value for value in node.inputs if value is not None)
        for count in range(len(inputs) - 1, _FEWEST - 1, -1):
            whole = earlier.get((axis, inputs[:count]))
            if whole is not None:
                found[node] = _step(whole, inputs[count:], axis)
                break
        earlier.setdefault((axis, inputs), node.outputs[0])
    return found


def _step(whole: ir.Value, rest: tuple[ir.Value, ...], axis: int) -> Step:
    parts = (whole, *rest)

    def rule(b: Builder, _node: ir.Node, gy: ir.Value) -> Gradients:
        return b.split(gy, [b.sizes(part, axis)[0] for part in parts], axis=axis)

    return Step(parts, rule)
