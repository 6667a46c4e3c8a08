"""Parts of a model to be changed, whichever it happens to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import onnx
from onnx import TensorProto

from tools.fuzz.draw import Draw

Change = Callable[[Draw, onnx.ModelProto], None]

DOMAINS = (
    "",
    "ai.onnx",
    "com.microsoft",
    "ai.onnx.ml",
    "com.microsoft.nchwc",
    "ai.onnx.preview.training",
    "x",
)
TYPES = len(TensorProto.DataType.values()) + 2
"""Element types, and a few numbers that are none."""


def nodes_within(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of a graph and of those in its attributes, graph by graph."""
    for one in graphs_within(graph):
        yield from one.node


def graphs_within(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield a graph and those in the attributes of its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from graphs_within(inner)


def a_node(draw: Draw, proto: onnx.ModelProto) -> onnx.NodeProto | None:
    """Return some node, one within a subgraph or a function too."""
    nodes = [*nodes_within(proto.graph), *(node for function in proto.functions for node in function.node)]
    return draw.pick(nodes) if nodes else None


def a_name(draw: Draw, proto: onnx.ModelProto) -> str:
    """Return the name of some tensor, or one that there is not."""
    names = [name for node in proto.graph.node for name in node.output]
    names += [item.name for item in (*proto.graph.initializer, *proto.graph.input)]
    return str(draw.pick([*names, "", "nowhere", draw.text()]))


def a_tensor(draw: Draw, proto: onnx.ModelProto) -> TensorProto | None:
    """Return some tensor: an initializer, or one in an attribute."""
    tensors = [tensor for graph in graphs_within(proto.graph) for tensor in graph.initializer]
    tensors += [
        attribute.t
        for node in nodes_within(proto.graph)
        for attribute in node.attribute
        if attribute.HasField("t")
    ]
    return draw.pick(tensors) if tensors else None


@cache
def operators() -> tuple[tuple[str, str], ...]:
    """Return every operator of every domain that ONNX knows."""
    return tuple(
        sorted({(schema.domain, schema.name) for schema in onnx.defs.get_all_schemas_with_history()})
    )


@cache
def attributes_of(op_type: str) -> tuple[tuple[str, int], ...]:
    """Return the attributes of a standard operator and their types."""
    try:
        schema = onnx.defs.get_schema(op_type)
    except onnx.defs.SchemaError:
        return ()
    return tuple((name, one.type.value) for name, one in sorted(schema.attributes.items()))
