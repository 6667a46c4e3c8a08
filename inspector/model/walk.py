"""Walks over a ModelProto: every graph, node and tensor in it, wherever it hides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import onnx

from inspector.errors import LimitExceededError


def nodes_of(model: onnx.ModelProto, *, max_depth: int) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of the graph, of its subgraphs and of model-local functions."""
    for graph in graphs_of(model, max_depth=max_depth):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def graphs_of(model: onnx.ModelProto, *, max_depth: int) -> Iterator[onnx.GraphProto]:
    """Yield the graph, its subgraphs, those of functions and of training information, outermost first."""
    pending: list[tuple[onnx.GraphProto, int]] = [(model.graph, 0)]
    pending += [(part, 0) for info in model.training_info for part in (info.initialization, info.algorithm)]
    for function in model.functions:
        pending += [(graph, 1) for graph in _subgraphs(function.node)]
    while pending:
        graph, depth = pending.pop()
        if depth > max_depth:
            raise LimitExceededError(
                f"Graph {graph.name!r} is nested {depth} deep in If, Loop or Scan; the limit is {max_depth}. "
                "Raise Limits.max_subgraph_depth if you trust the source.",
                field="max_subgraph_depth",
            )
        yield graph
        pending += [(inner, depth + 1) for inner in _subgraphs(graph.node)]


def tensors_of(model: onnx.ModelProto, *, max_depth: int) -> Iterator[onnx.TensorProto]:
    """Yield every dense tensor: initializers and those in attributes, in subgraphs and functions too."""
    for graph in graphs_of(model, max_depth=max_depth):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in nodes_of(model, max_depth=max_depth):
        for attribute in node.attribute:
            yield from _attribute_tensors(attribute)
    for function in model.functions:
        for attribute in function.attribute_proto:
            yield from _attribute_tensors(attribute)


def _attribute_tensors(attribute: onnx.AttributeProto) -> Iterator[onnx.TensorProto]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors
    sparse_tensors = list(attribute.sparse_tensors)
    if attribute.HasField("sparse_tensor"):
        sparse_tensors.append(attribute.sparse_tensor)
    for sparse in sparse_tensors:
        yield from (sparse.values, sparse.indices)


def _subgraphs(nodes: Sequence[onnx.NodeProto]) -> list[onnx.GraphProto]:
    found = []
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found.append(attribute.g)
            found.extend(attribute.graphs)
    return found
