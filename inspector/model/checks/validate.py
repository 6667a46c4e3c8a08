"""Structural checks of a parsed model: each refusal names the node, tensor or name it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter

import onnx

from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks.limits import Limits, require_at_most
from inspector.model.checks.tensors import check_tensor
from inspector.model.shapes.infer import standard_opset
from inspector.model.walk import graphs_of, nodes_of, tensors_of
from inspector.operators.domains import MACHINE_LEARNING, MICROSOFT, STANDARD_SPELLINGS
from inspector.operators.families import EARLY
from inspector.operators.schemas import fewest_inputs, may_be_left_out, most_inputs

MIN_OPSET = 7
RUNTIME_DOMAINS = (MICROSOFT, "com.microsoft.nchwc", "com.ms.internal.nhwc", MACHINE_LEARNING)
"""Domains beside the standard one whose operators ONNX Runtime carries in every build."""
REMOVED_OPERATORS = EARLY | {"Crop"}
"""Experimental operators of early ONNX that have no schema any more; ONNX Runtime still runs the first three."""


def validate(proto: onnx.ModelProto, *, limits: Limits) -> None:
    """Raise the first thing that keeps the model from being inspected; sorts unsorted nodes of `proto` in place."""
    _check_counts(proto, limits)
    _check_names(proto, limits)
    _check_versions(proto)
    _check_operators(proto, limits)
    for tensor in tensors_of(proto, max_depth=limits.max_subgraph_depth):
        check_tensor(tensor, limits=limits)
    for graph in graphs_of(proto, max_depth=limits.max_subgraph_depth):
        _check_unique_outputs(graph)
        _check_declared_shapes(graph, limits)
    _check_unique_names(proto.graph)
    _check_wiring(proto.graph)


def _check_counts(proto: onnx.ModelProto, limits: Limits) -> None:
    nodes = sum(1 for _ in nodes_of(proto, max_depth=limits.max_subgraph_depth))
    if nodes == 0:
        raise InvalidModelError("The model's graph has no nodes: there is nothing to inspect.")
    require_at_most(nodes, limits.max_nodes, what="The number of nodes", name="max_nodes")
    if not proto.graph.output:
        raise InvalidModelError("The model's graph has no outputs.")
    require_at_most(
        len(proto.graph.output), limits.max_outputs, what="The number of outputs", name="max_outputs"
    )
    metadata = sum(len(entry.key) + len(entry.value) for entry in proto.metadata_props)
    require_at_most(
        metadata, limits.max_metadata_bytes, what="The size of metadata_props", name="max_metadata_bytes"
    )
    if any(
        True for graph in graphs_of(proto, max_depth=limits.max_subgraph_depth) if graph.sparse_initializer
    ):
        raise InvalidModelError(
            "The model has sparse initializers, which are not supported. Save them as dense tensors."
        )


def _check_names(proto: onnx.ModelProto, limits: Limits) -> None:
    _check_each_name("domain", (entry.domain for entry in proto.opset_import), limits)
    _check_each_name("metadata key", (entry.key for entry in proto.metadata_props), limits)
    _check_text("metadata_props", (entry.value for entry in proto.metadata_props))
    for function in proto.functions:
        _check_each_name(
            "function", (function.name, function.domain, *function.input, *function.output), limits
        )
    for graph in graphs_of(proto, max_depth=limits.max_subgraph_depth):
        _check_each_name(
            "tensor", (item.name for item in (*graph.input, *graph.output, *graph.value_info)), limits
        )
        _check_each_name("tensor", (item.name for item in graph.initializer), limits)
        _check_each_name("graph", (graph.name,), limits)
        _check_text(
            "a symbolic dimension",
            (
                dim.dim_param
                for item in (*graph.input, *graph.output)
                for dim in item.type.tensor_type.shape.dim
            ),
        )
    for node in nodes_of(proto, max_depth=limits.max_subgraph_depth):
        _check_each_name("node", (node.name,), limits)
        _check_each_name("operator", (node.op_type, node.domain), limits)
        _check_each_name("tensor", (*node.input, *node.output), limits)
        _check_each_name("attribute", (attribute.name for attribute in node.attribute), limits)
        if any(
            attribute.HasField("sparse_tensor") or attribute.sparse_tensors for attribute in node.attribute
        ):
            raise InvalidModelError(
                f"{describe(node)} holds a sparse tensor, which is not supported. Save it as a dense tensor."
            )


def _check_each_name(what: str, names: Iterable[str | bytes], limits: Limits) -> None:
    for name in names:
        if isinstance(name, bytes):
            _check_text(f"the name of a {what}", (name,))
            continue
        if len(name) > limits.max_name_bytes:
            raise LimitExceededError(
                f"The name of a {what} has {len(name):,} characters ({name[:40]!r}…); "
                f"the limit is {limits.max_name_bytes:,}.",
                field="max_name_bytes",
            )
        if any(ord(character) < 32 or ord(character) == 127 for character in name):
            raise InvalidModelError(
                f"The name of a {what}, {name[:80]!r}, contains control characters. Rename it."
            )


def _check_text(what: str, texts: Iterable[str | bytes]) -> None:
    """Refuse text that is no UTF-8: protobuf hands it out as bytes."""
    for text in texts:
        if isinstance(text, bytes):
            raise InvalidModelError(f"The model is corrupt: {what}, {text[:40]!r}, is not UTF-8.")


def _check_versions(proto: onnx.ModelProto) -> None:
    if proto.ir_version < 3:
        raise InvalidModelError(
            f"The model has IR version {proto.ir_version}; 3 is the oldest that can be read. Export it again."
        )
    opset = standard_opset(proto)
    newest = onnx.defs.onnx_opset_version()
    if not opset:
        raise InvalidModelError(
            "The model imports no version of the standard operator set (domain 'ai.onnx')."
        )
    if not MIN_OPSET <= opset <= newest:
        raise InvalidModelError(
            f"The model has opset {opset}; {MIN_OPSET} to {newest} are known. Convert it with "
            "onnx.version_converter."
        )


def _check_operators(proto: onnx.ModelProto, limits: Limits) -> None:
    functions = {(function.domain, function.name) for function in proto.functions}
    imported = {entry.domain for entry in proto.opset_import}
    imported |= {entry.domain for function in proto.functions for entry in function.opset_import}
    opset = standard_opset(proto)
    for node in nodes_of(proto, max_depth=limits.max_subgraph_depth):
        if (node.domain, node.op_type) in functions:
            continue
        if node.domain in STANDARD_SPELLINGS:
            _check_attributes(node, opset)
            if node.op_type in known_operators():
                _check_inputs(node)
                continue
            if node.op_type in REMOVED_OPERATORS:
                _check_has_input(node)
                continue
            raise InvalidModelError(
                f"{describe(node)}: the standard domain has no operator {node.op_type!r} in any opset. It "
                "is a custom "
                "operator; export the model without it, or with a model-local function that defines it."
            )
        if node.domain not in RUNTIME_DOMAINS:
            raise InvalidModelError(
                f"{describe(node)}: the domain {node.domain!r} is unknown and the model carries no function "
                "for it. "
                f"Known are the standard domain, {', '.join(RUNTIME_DOMAINS)}."
            )
        if node.domain not in imported:
            raise InvalidModelError(
                f"{describe(node)}: the model imports no version of the domain {node.domain!r}. Export it "
                "again."
            )


def _check_inputs(node: onnx.NodeProto) -> None:
    needed = fewest_inputs(node.op_type)
    if len(node.input) < needed:
        raise InvalidModelError(
            f"{describe(node)} has {len(node.input)} inputs; the operator needs {needed}. Export the model again, or "
            "check it with onnx.checker."
        )
    for position, name in enumerate(node.input):
        if not name and not may_be_left_out(node.op_type, position):
            raise InvalidModelError(
                f"{describe(node)} leaves out its input {position}, which the operator needs. Export the model "
                "again, or check it with onnx.checker."
            )
    taken = most_inputs(node.op_type)
    if taken is not None and len(node.input) > taken:
        raise InvalidModelError(
            f"{describe(node)} has {len(node.input)} inputs; the operator takes {taken} at most. Export the model "
            "again, or check it with onnx.checker."
        )


def _check_attributes(node: onnx.NodeProto, opset: int) -> None:
    types = attribute_types(node.op_type, opset)
    for attribute in node.attribute:
        wanted = types.get(attribute.name)
        if wanted is not None and attribute.type != wanted:
            names = onnx.AttributeProto.AttributeType
            raise InvalidModelError(
                f"{describe(node)} has the attribute {attribute.name!r} of type "
                f"{names.Name(attribute.type)}; "
                f"it must be {names.Name(wanted)}."
            )


@cache
def attribute_types(op_type: str, opset: int) -> Mapping[str, onnx.AttributeProto.AttributeType]:
    """Return the types of a standard operator's attributes; empty where the opset does not have it."""
    try:
        schema = onnx.defs.get_schema(op_type, opset, "")
    except onnx.defs.SchemaError:
        return {}
    return {name: attribute.type.value for name, attribute in schema.attributes.items()}


@cache
def known_operators() -> frozenset[str]:
    """Return all operators that the standard domain has or had under some opset."""
    return frozenset(
        schema.name for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""
    )


def _check_unique_names(graph: onnx.GraphProto) -> None:
    for what, items in (("input", graph.input), ("output", graph.output), ("initializer", graph.initializer)):
        for name, count in Counter(item.name for item in items).items():
            if count > 1:
                raise InvalidModelError(
                    f"The graph lists the {what} {name!r} {count} times; once is allowed."
                )


def _check_unique_outputs(graph: onnx.GraphProto) -> None:
    taken = {item.name: "an input" for item in graph.input} | {
        item.name: "an initializer" for item in graph.initializer
    }
    for node in graph.node:
        for name in node.output:
            if not name:
                continue
            if name in taken:
                raise InvalidModelError(
                    f"{describe(node)} writes the tensor {name!r}, which is already written: it is "
                    f"{taken[name]}. "
                    "Each tensor has one source."
                )
            taken[name] = f"an output of {describe(node)}"


def _check_declared_shapes(graph: onnx.GraphProto, limits: Limits) -> None:
    for info in (*graph.input, *graph.output, *graph.value_info):
        for dim in info.type.tensor_type.shape.dim:
            if not dim.HasField("dim_value"):
                continue
            if dim.dim_value < -1:
                raise InvalidModelError(
                    f"Tensor {info.name!r} declares the negative dimension {dim.dim_value}."
                )
            require_at_most(
                dim.dim_value, limits.max_dim, what=f"A declared dimension of {info.name!r}", name="max_dim"
            )


def _check_wiring(graph: onnx.GraphProto) -> None:
    sources = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
    known = {item.name for item in graph.input} | {item.name for item in graph.initializer}
    before: dict[int, set[int]] = {}
    for index, node in enumerate(graph.node):
        for name in _reads(node, known | sources.keys() if _has_subgraph(node) else None):
            if name in sources:
                before.setdefault(index, set()).add(sources[name])
            elif name not in known:
                raise InvalidModelError(
                    f"{describe(node)} reads the tensor {name!r}, which nothing in the model writes."
                )
    for output in graph.output:
        if output.name not in sources and output.name not in known:
            raise InvalidModelError(f"The model's output {output.name!r} is written by no node.")
    if all(earlier < index for index, others in before.items() for earlier in others):
        return
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


def _has_subgraph(node: onnx.NodeProto) -> bool:
    return any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute)


def _reads(node: onnx.NodeProto, outer: frozenset[str] | set[str] | None) -> set[str]:
    """Return the tensors that a node reads, those that its subgraphs take from outside included."""
    names = {name for name in node.input if name}
    if outer is None:
        return names
    pending = [graph for attribute in node.attribute for graph in (attribute.g, *attribute.graphs)]
    while pending:
        graph = pending.pop()
        for inner in graph.node:
            names |= outer.intersection(inner.input)
            pending += [
                nested for attribute in inner.attribute for nested in (attribute.g, *attribute.graphs)
            ]
    return names


def describe(node: onnx.NodeProto) -> str:
    """Return how an error names a node."""
    name = node.name or next(iter(node.output), "") or "without a name"
    domain = f"{node.domain}::" if node.domain else ""
    return f"Node {name[:80]!r} ({domain}{node.op_type})"


def _check_has_input(node: onnx.NodeProto) -> None:
    """No schema says how many inputs an operator takes that was removed; ONNX Runtime crashes where there is none."""
    if not (node.input and node.input[0]):
        raise InvalidModelError(f"{describe(node)}: the operator takes an image, and the node has no input.")
