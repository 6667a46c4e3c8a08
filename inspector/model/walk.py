"""Walks over a ModelProto: every graph, node and tensor in it, wherever it hides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import onnx

from inspector.errors import LimitExceededError
from inspector.model.checks.limits import Limits


def nodes_of(model: onnx.ModelProto, *, limits: Limits) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of the graph, of its subgraphs and of model-local functions."""
    yield from graph_nodes_of(model, limits=limits)
    yield from function_nodes_of(model, limits=limits)


def graph_nodes_of(model: onnx.ModelProto, *, limits: Limits) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of the graph, its subgraphs and training information, which all have the model's opsets."""
    for graph in _within(_graphs(model), limits):
        yield from graph.node


def function_nodes_of(model: onnx.ModelProto, *, limits: Limits) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of model-local functions and of the subgraphs in them."""
    for function in model.functions:
        yield from function.node
    for graph in _within(_graphs_of_functions(model), limits):
        yield from graph.node


def graphs_of(model: onnx.ModelProto, *, limits: Limits) -> Iterator[onnx.GraphProto]:
    """Yield the graph, its subgraphs, those of functions and of training information, outermost first."""
    return _within([*_graphs(model), *_graphs_of_functions(model)], limits)


def _graphs(model: onnx.ModelProto) -> list[tuple[onnx.GraphProto, int]]:
    parts = [part for info in model.training_info for part in (info.initialization, info.algorithm)]
    return [(graph, 0) for graph in (model.graph, *parts)]


def _graphs_of_functions(model: onnx.ModelProto) -> list[tuple[onnx.GraphProto, int]]:
    return [(graph, 1) for function in model.functions for graph in _subgraphs(function.node)]


def _within(pending: list[tuple[onnx.GraphProto, int]], limits: Limits) -> Iterator[onnx.GraphProto]:
    """Yield graphs, given with how deep they are nested, and those in them."""
    while pending:
        graph, depth = pending.pop()
        if depth > limits.max_subgraph_depth:
            raise LimitExceededError(
                f"Graph {graph.name!r} is nested {depth} deep in If, Loop or Scan; the limit is "
                f"{limits.max_subgraph_depth}. {limits.mend('max_subgraph_depth')}",
                field="max_subgraph_depth",
            )
        yield graph
        pending += [(inner, depth + 1) for inner in _subgraphs(graph.node)]


def tensors_of(model: onnx.ModelProto, *, limits: Limits) -> Iterator[onnx.TensorProto]:
    """Yield every dense tensor: initializers and those in attributes, in subgraphs and functions too."""
    for graph in graphs_of(model, limits=limits):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in nodes_of(model, limits=limits):
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
