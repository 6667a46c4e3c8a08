"""The path: which nodes lie between the target (the image) and the source (the unit that is explained)."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.rule import NO_GRADIENT


def find_path(source: ir.Value, target: ir.Value) -> tuple[list[ir.Node], set[ir.Value]]:
    """Return the nodes through which the target reaches the source, in graph order, and the values on the way.

    A way ends where an operator is declared to have no gradient, and at tensors that are not floats.
    """
    needed = _ancestors(source)
    reached = {target}
    nodes = []
    graph = target.graph or source.graph
    if graph is None:
        raise ValueError("The source and the target belong to no graph.")
    for node in graph:
        if node not in needed or (node.domain, node.op_type) in NO_GRADIENT:
            continue
        if any(value in reached for value in node.inputs if value is not None):
            carriers = [value for value in node.outputs if _may_carry(value)]
            reached.update(carriers)
            if carriers:
                nodes.append(node)
    return nodes, reached


def _ancestors(source: ir.Value) -> set[ir.Node]:
    found: set[ir.Node] = set()
    stack = [source.producer()]
    while stack:
        node = stack.pop()
        if node is None or node in found:
            continue
        found.add(node)
        stack.extend(value.producer() for value in node.inputs if value is not None)
    return found


def _may_carry(value: ir.Value) -> bool:
    return value.dtype is None or value.dtype.is_floating_point()
