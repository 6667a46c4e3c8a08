"""The path: which nodes lie between the target (the image) and the source (the unit that is explained)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import onnx_ir as ir

from inspector.grad.rule import NO_GRADIENT, QUANTIZERS

CODES = frozenset({"int2", "uint2", "int4", "uint4", "int8", "uint8", "int16", "uint16", "int32"})
"""Types of integers that stand for real values, between a quantizer and a dequantizer; indices are int64."""


def find_path(
    source: ir.Value, target: ir.Value, *, dtypes: Mapping[str, str]
) -> tuple[list[ir.Node], set[ir.Value]]:
    """Return the nodes through which the target reaches the source, in graph order, and the values on the way.

    A way ends where an operator is declared to have no gradient, and at tensors that are neither floats nor the
    codes of quantized values; `dtypes` names the types that the graph does not state.
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
        if any(value in reached for value in _reads(node)):
            carriers = _carriers(node, reached, dtypes)
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
        stack.extend(value.producer() for value in _reads(node))
    return found


def _reads(node: ir.Node) -> Iterator[ir.Value]:
    """Yield what a node reads: its inputs, and what its subgraphs (of If and Loop) take from around them."""
    inputs = (
        node.inputs[:1] if node.op_type == "CastLike" else node.inputs
    )  # of the second it reads only the type
    yield from (value for value in inputs if value is not None)
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            subgraph = attribute.as_graph()
            yield from subgraph.outputs
            for inner in subgraph:
                yield from _reads(inner)


def _carriers(node: ir.Node, reached: set[ir.Value], dtypes: Mapping[str, str]) -> list[ir.Value]:
    """Return the outputs that carry on what reached a node: floats, and codes made of codes or by a quantizer."""
    if (node.domain, node.op_type) in QUANTIZERS:
        return list(node.outputs[:1])
    from_codes = any(v in reached and dtype_name(v, dtypes) in CODES for v in node.inputs if v is not None)
    return [
        v
        for v in node.outputs
        if "float" in (name := dtype_name(v, dtypes)) or (from_codes and name in CODES)
    ]


def dtype_name(value: ir.Value, dtypes: Mapping[str, str]) -> str:
    """Return the NumPy name of a type; one that nobody states is a float."""
    return value.dtype.numpy().name if value.dtype is not None else dtypes.get(value.name or "", "float32")


def find_blocks(source: ir.Value, target: ir.Value, *, reached: set[ir.Value]) -> list[ir.Node]:
    """Return the nodes where the ways from target to source end, in graph order; `reached` is as by `find_path`.

    There are none where the source is reached, or does not depend on the target at all.
    """
    needed = _ancestors(source)
    wanted = {source, *(value for node in needed for value in _reads(node))}
    return [
        node
        for node in target.graph or []
        if node in needed
        and any(value in reached for value in _reads(node))
        and any(value in wanted and value not in reached for value in node.outputs)
    ]
