"""Reads off a parsed file what it says itself, before anything of it is rewritten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from math import prod

import onnx

from inspector.model.checks.limits import Limits
from inspector.model.element_types import dtype_name
from inspector.model.file_facts import Declared, ExternalTensor, FileFacts, Initializer, OperatorUse
from inspector.model.shapes.infer import declared_shape
from inspector.model.skeleton import skeleton_of
from inspector.model.walk import nodes_of, tensors_of
from inspector.operators.domains import STANDARD, STANDARD_SPELLINGS, Key

_NO_PARAMETERS = frozenset({"bool", "int64", "string"})
"""Types of shapes, indices and texts."""


def first_late(graph: onnx.GraphProto) -> tuple[str, str] | None:
    """Return the first node of a graph that stands before what it reads, and which tensor that is.

    Of any graph, valid or not.
    """
    places = {name: place for place, node in enumerate(graph.node) for name in node.output if name}
    for place, node in enumerate(graph.node):
        for name in node.input:
            if places.get(name, -1) >= place:
                return _named(node), str(name)
    return None


def facts_of(proto: onnx.ModelProto, *, late: tuple[str, str] | None, limits: Limits) -> FileFacts:
    """Return what a valid file says; `late` is as `first_late` found it before its nodes were sorted.

    Nothing is read of external data, and no values of weights: the cost grows with nodes and names alone.
    """
    graph = proto.graph
    names = Counter(node.name for node in graph.node if node.name)
    initializers = {one.name: _initializer(one) for one in graph.initializer}
    return FileFacts(
        ir_version=proto.ir_version,
        opsets={_domain(entry.domain): entry.version for entry in proto.opset_import},
        inputs=tuple(one.name for one in graph.input),
        outputs=tuple(one.name for one in graph.output),
        declared={one.name: _declared(one) for one in (*graph.value_info, *graph.output, *graph.input)},
        initializers=initializers,
        unused=_unused(proto, initializers, limits),
        parameters=sum(_parameters(tensors_of(proto, limits=limits))),
        node_count=len(graph.node),
        unnamed=tuple(_named(node) for node in graph.node if not node.name),
        repeated={name: count for name, count in names.items() if count > 1},
        late=late,
        operators=_operators(nodes_of(proto, limits=limits)),
        functions=tuple((_domain(one.domain), one.name) for one in proto.functions),
        external=dict(_external(tensors_of(proto, limits=limits))),
        skeleton=skeleton_of(proto),
    )


def _domain(domain: str) -> str:
    return STANDARD if domain in STANDARD_SPELLINGS else domain


def _named(node: onnx.NodeProto) -> str:
    return str(node.name or next((name for name in node.output if name), node.op_type))


def _declared(info: onnx.ValueInfoProto) -> Declared:
    number = info.type.tensor_type.elem_type
    return Declared(dtype=dtype_name(number) if number else None, shape=declared_shape(info))


def _initializer(tensor: onnx.TensorProto) -> Initializer:
    return Initializer(dtype=dtype_name(tensor.data_type), dims=tuple(tensor.dims), size=prod(tensor.dims))


def _parameters(tensors: Iterable[onnx.TensorProto]) -> Iterator[int]:
    return (prod(one.dims) for one in tensors if one.dims and dtype_name(one.data_type) not in _NO_PARAMETERS)


def _unused(
    proto: onnx.ModelProto, initializers: Mapping[str, Initializer], limits: Limits
) -> tuple[str, ...]:
    read = {name for node in nodes_of(proto, limits=limits) for name in node.input}
    read |= {one.name for one in proto.graph.output}
    read |= {one.name for graph in _subgraphs_outputs(proto, limits) for one in graph}
    return tuple(name for name in initializers if name not in read)


def _subgraphs_outputs(proto: onnx.ModelProto, limits: Limits) -> Iterator[Iterable[onnx.ValueInfoProto]]:
    """Yield the outputs of graphs within nodes: one may hand on what lies around it without a node."""
    for node in nodes_of(proto, limits=limits):
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield attribute.g.output
            yield from (graph.output for graph in attribute.graphs)


def _operators(nodes: Iterable[onnx.NodeProto]) -> Mapping[Key, OperatorUse]:
    counts: Counter[Key] = Counter()
    first: dict[Key, str] = {}
    for node in nodes:
        key = (_domain(node.domain), node.op_type)
        counts[key] += 1
        first.setdefault(key, _named(node))
    return {key: OperatorUse(count=count, first=first[key]) for key, count in counts.items()}


def _external(tensors: Iterable[onnx.TensorProto]) -> Iterator[tuple[str, ExternalTensor]]:
    for tensor in tensors:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        said = {entry.key: entry.value for entry in tensor.external_data}
        yield (
            tensor.name,
            ExternalTensor(
                location=said.get("location", ""),
                offset=int(said["offset"]) if "offset" in said else None,
                length=int(said["length"]) if "length" in said else None,
                has_checksum=bool(said.get("checksum")),
            ),
        )
