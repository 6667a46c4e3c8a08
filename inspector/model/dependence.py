"""Which nodes, and which sizes, depend on the image's values, and which node a tensor comes from."""

from __future__ import annotations

from collections.abc import Container

import onnx_ir as ir

from inspector.operators.domains import is_standard
from inspector.operators.families import SIZE_OPERANDS, VALUE_FREE, VALUE_SIZED


def reads_values(node: ir.Node) -> bool:
    """Return whether a node looks at more of a tensor than its shape."""
    return not (is_standard(node) and node.op_type in VALUE_FREE)


def dependents(graph: ir.Graph, image: str) -> list[ir.Node]:
    """Return the nodes that read, directly or not, the values of the input `image`, in graph order."""
    reached = {image}
    found = []
    for node in graph:
        if not reads_values(node) or not any(value.name for value in node.outputs):
            continue
        if any(value is not None and value.name in reached for value in reads(node)):
            reached.update(value.name for value in node.outputs if value.name)
            found.append(node)
    return found


def sized_by_values(graph: ir.Graph, image: str) -> set[str]:
    """Return the tensors whose shapes can differ between images of one size: detections, and what follows from them."""
    values, sizes = {image}, set[str]()
    for node in graph:
        read = {value.name for value in reads(node) if value is not None and value.name}
        made = {value.name for value in node.outputs if value.name}
        if not reads_values(node):
            if read & sizes:
                values |= made
            continue
        if read & values:
            values |= made
        key = node.op_type if is_standard(node) else ""
        operands = [node.inputs[at] for at in SIZE_OPERANDS.get(key, ()) if at < len(node.inputs)]
        given = {value.name for value in operands if value is not None and value.name}
        if read & sizes or given & values or (key in VALUE_SIZED and read & values):
            sizes |= made
    return sizes


def maker_of(value: ir.Value | None, *, through: Container[str]) -> ir.Node | None:
    """Return the node that makes a tensor's values, before those of ONNX's own operators that only hand them `through`.

    None where that is no node, but an input or a constant of the graph.
    """
    node = None if value is None else value.producer()
    while node is not None and is_standard(node) and node.op_type in through:
        given = node.inputs[0]
        node = None if given is None else given.producer()
    return node


def reads(node: ir.Node) -> list[ir.Value | None]:
    """Return a node's inputs and what its subgraphs read."""
    values = list(node.inputs)
    for attribute in node.attributes.values():
        if attribute.is_ref():
            continue
        if attribute.type == ir.AttributeType.GRAPH:
            values += _read_in(attribute.as_graph())
        elif attribute.type == ir.AttributeType.GRAPHS:
            for graph in attribute.as_graphs():
                values += _read_in(graph)
    return values


def _read_in(graph: ir.Graph) -> list[ir.Value | None]:
    return [*(value for node in graph.all_nodes() for value in node.inputs), *graph.outputs]
