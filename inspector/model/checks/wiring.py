"""Checks of how nodes are put together: every tensor has one source, and whoever reads one finds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import onnx

from inspector.errors import InvalidModelError
from inspector.model.checks.nodes import describe


def check_sources(graph: onnx.GraphProto) -> None:
    """Raise InvalidModelError where a tensor of this graph is written twice, or a list of the graph names one twice.

    An output that is an input is then declared as that, in place.
    """
    _check_lists(graph)
    taken = {item.name: "an input" for item in graph.input} | {
        item.name: "an initializer" for item in graph.initializer
    }
    for node in graph.node:
        for name in node.output:
            if not name:
                continue
            if name in taken:
                raise InvalidModelError(
                    f"{describe(node)} writes the tensor {name!r}, which is already written: it is {taken[name]}. Each "
                    "tensor has one source."
                )
            taken[name] = f"an output of {describe(node)}"


def _check_lists(graph: onnx.GraphProto) -> None:
    for what, items in (("input", graph.input), ("output", graph.output), ("initializer", graph.initializer)):
        for name, count in Counter(item.name for item in items).items():
            if not name:
                raise InvalidModelError(f"The graph lists an {what} without a name.")
            if count > 1:
                raise InvalidModelError(
                    f"The graph lists the {what} {name!r} {count} times; once is allowed."
                )
    inputs = {item.name: item for item in graph.input}
    for item in graph.output:
        if item.name in inputs:
            _agree(item, inputs[item.name])


def _agree(output: onnx.ValueInfoProto, given: onnx.ValueInfoProto) -> None:
    """Let an output that is an input be declared as that, in place: of one tensor one thing is said."""
    kind = output.type.WhichOneof("value")
    ranks = {
        len(one.tensor_type.shape.dim)
        for one in (output.type, given.type)
        if one.tensor_type.HasField("shape")
    }
    if kind is not None and (
        kind != given.type.WhichOneof("value")
        or output.type.tensor_type.elem_type != given.type.tensor_type.elem_type
        or len(ranks) > 1
    ):
        raise InvalidModelError(
            f"The graph declares {given.name!r} as an input and as an output, of different types or ranks."
        )
    output.type.CopyFrom(given.type)


def check_wiring(graph: onnx.GraphProto) -> None:
    """Raise InvalidModelError where a tensor is read that nothing writes, or nodes form a cycle, in a subgraph too.

    Sorts, in place, nodes that stand before what they read: those of subgraphs among themselves.
    """
    for name, reader in _taken_from_outside(graph).items():
        raise InvalidModelError(
            f"{reader} reads the tensor {name!r}, which nothing in the model writes."
            if reader
            else f"The model's output {name!r} is written by no node."
        )


def _taken_from_outside(graph: onnx.GraphProto) -> dict[str, str]:
    """Return what a graph takes from around it, and which node first reads it ("": none, it is an output)."""
    sources = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
    known = {item.name for item in (*graph.input, *graph.initializer)}
    before: dict[int, set[int]] = {}
    taken: dict[str, str] = {}
    for index, node in enumerate(graph.node):
        for name in _reads(node):
            if name in sources:
                before.setdefault(index, set()).add(sources[name])
            elif name not in known and name not in taken:
                taken[name] = describe(node)
    for output in graph.output:
        if output.name not in sources and output.name not in known:
            taken.setdefault(output.name, "")
    if any(earlier >= index for index, others in before.items() for earlier in others):
        _sort(graph, before)
    return taken


def _sort(graph: onnx.GraphProto, before: dict[int, set[int]]) -> None:
    try:
        order = list(
            TopologicalSorter(
                {index: before.get(index, ()) for index in range(len(graph.node))}
            ).static_order()
        )
    except CycleError as error:
        names = " -> ".join(describe(graph.node[index]) for index in error.args[1][:6])
        raise InvalidModelError(f"The graph has a cycle: {names}.") from error
    ordered = [onnx.NodeProto.FromString(graph.node[index].SerializeToString()) for index in order]
    del graph.node[:]
    graph.node.extend(ordered)


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the tensors that a node reads, those that its subgraphs take from outside included."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs):
            yield from _taken_from_outside(graph)
