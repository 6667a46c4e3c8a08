"""Cut a part out of a graph: some tensors become inputs, others outputs, and what lies between is as it was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.dependence import reads
from inspector.types.layers import Shape

Space = Callable[[ir.Value | None], tuple[int, frozenset[int]]]
"""Gives the rank of a map, and which of its axes are those of space."""


def cut_out(
    model: ir.Model,
    *,
    inputs: Mapping[str, Shape],
    outputs: Sequence[str],
    dtypes: Mapping[str, str],
    space: Space | None = None,
) -> ir.Model | None:
    """Return the model between tensors; `inputs` gives each a shape, in which names stand for any size.

    Where what it reads are crops, whose border is about them, `space` tells the axes of space of a map: operators that
    look around add no border, and slices along these axes begin at the first element. None where a node between cannot
    be taken by itself (it has graphs of its own, or calls a function), or needs another input.
    """
    graph = model.graph
    made = {value.name: value for node in graph for value in node.outputs if value.name}
    given = {value.name: value for value in graph.inputs if value.name}
    if not all(name in made or name in given for name in outputs):
        return None
    needed = leading_to(graph, outputs, set(inputs))
    nodes = [node for node in graph if node in needed]
    local = {domain for domain, _, _ in model.functions}
    if any(node.domain in local or _has_graphs(node) for node in nodes):
        return None
    values: dict[ir.Value, ir.Value] = {}
    ends, weights = [], {}
    for name, shape in inputs.items():
        old = made.get(name) or given[name]
        dtype = _dtype(old, dtypes)
        if dtype is None:
            return None
        values[old] = ir.Value(name=name, type=ir.TensorType(dtype), shape=ir.Shape(shape))
        ends.append(values[old])
    copies = []
    for node in nodes:
        for value in node.inputs:
            if value is None or value in values:
                continue
            if value.const_value is None or value.name is None:
                return None
            values[value] = ir.Value(
                name=value.name, type=value.type, shape=value.shape, const_value=value.const_value
            )
            weights[value.name] = values[value]
        copies.append(_copied(node, values, weights, space))
    found = [values.get(made.get(name) or given[name]) for name in outputs]
    if any(value is None for value in found):
        return None
    part = ir.Graph(
        inputs=ends,
        outputs=[value for value in found if value is not None],
        nodes=copies,
        initializers=list(weights.values()),
        opset_imports=dict(graph.opset_imports),
        name="part",
    )
    return ir.Model(part, ir_version=model.ir_version, producer_name="inspector")


def leading_to(graph: ir.Graph, ends: Iterable[str], given: Collection[str] = ()) -> set[ir.Node]:
    """Return the nodes that compute some tensors from given ones, or else from the graph's inputs."""
    named = {value.name: value for node in graph for value in node.outputs}
    pending = [named[name] for name in ends if name in named and name not in given]
    found: set[ir.Node] = set()
    while pending:
        node = pending.pop().producer()
        if node is not None and node not in found:
            found.add(node)
            pending += [value for value in reads(node) if value is not None and value.name not in given]
    return found


def inputs_between(graph: ir.Graph, ends: Iterable[str], given: Collection[str]) -> set[str]:
    """Return which of the given tensors are read on the way to others."""
    nodes = leading_to(graph, ends, given)
    read = {value.name for node in nodes for value in reads(node) if value is not None and value.name}
    return read & set(given)


def _has_graphs(node: ir.Node) -> bool:
    return any(
        attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
        for attribute in node.attributes.values()
    )


def _dtype(value: ir.Value, dtypes: Mapping[str, str]) -> ir.DataType | None:
    known = dtypes.get(value.name or "")
    return value.dtype or (ir.DataType.from_numpy(np.dtype(known)) if known else None)


_BORDERS = ("pads", "auto_pad", "ceil_mode")
_END = np.iinfo(np.int64).max


def _copied(
    node: ir.Node, values: dict[ir.Value, ir.Value], weights: dict[str, ir.Value], space: Space | None
) -> ir.Node:
    inputs = [None if value is None else values[value] for value in node.inputs]
    attributes = list(node.attributes.values())
    op_type = node.op_type
    if space is not None:
        if op_type == "Pad":
            op_type, inputs, attributes = "Identity", inputs[:1], []
        elif op_type == "Slice":
            inputs[1:3] = _whole_along(node, space, weights)
        attributes = [one for one in attributes if one.name not in _BORDERS]
    copy = ir.Node(
        node.domain,
        op_type,
        inputs,
        [ir.Attr(one.name, one.type, one.value) for one in attributes],
        outputs=[ir.Value(name=value.name, type=value.type) for value in node.outputs],
        name=node.name,
    )
    values.update(zip(node.outputs, copy.outputs, strict=True))
    return copy


def _whole_along(node: ir.Node, space: Space, weights: dict[str, ir.Value]) -> list[ir.Value]:
    """Return starts and ends of a Slice that takes all of a crop along axes of space, by its steps."""
    starts, ends, axes = (constant_value(value) for value in node.inputs[1:4])
    made = []
    for name, numbers, whole in (("starts", starts, 0), ("ends", ends, _END)):
        rank, along = space(node.inputs[0])
        array = np.asarray(numbers, np.int64).reshape(-1).copy()
        array[[int(axis) % rank in along for axis in np.asarray(axes).reshape(-1)]] = whole
        tensor = ir.tensor(array, name=f"{node.outputs[0].name}/{name}")
        value = ir.Value(name=tensor.name, const_value=tensor, type=ir.TensorType(ir.DataType.INT64))
        weights[value.name or ""] = value
        made.append(value)
    return made
