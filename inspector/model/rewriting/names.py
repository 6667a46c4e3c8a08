"""Names of tensors when nodes move from one graph into another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import onnx


def free_name(name: str, taken: Counter[str]) -> str:
    """Return the name, or the first numbered one that is not taken; it is taken from now on."""
    number, found = 1, name
    while taken[found]:
        number += 1
        found = f"{name}_{number}"
    taken[found] += 1
    return found


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Yield the graphs in the attributes of a node."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def renamed(node: onnx.NodeProto, names: Mapping[str, str]) -> onnx.NodeProto:
    """Return a copy whose tensors, and those that its subgraphs take from around them, have other names."""
    copy = onnx.NodeProto.FromString(node.SerializeToString())
    copy.input[:] = [names.get(name, name) for name in node.input]
    copy.output[:] = [names.get(name, name) for name in node.output]
    for graph in subgraphs(copy):
        own = {item.name for item in (*graph.input, *graph.initializer)}
        own.update(name for inner in graph.node for name in inner.output)
        outer = {old: new for old, new in names.items() if old not in own}
        inner_nodes = [renamed(inner, outer) for inner in graph.node]
        del graph.node[:]
        graph.node.extend(inner_nodes)
        for output in graph.output:
            output.name = outer.get(output.name, output.name)
    return copy
