"""Structural checks of a parsed model: each refusal names the node, tensor or name it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable

import onnx

from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks.limits import Limits, require_at_most
from inspector.model.checks.nodes import check_nodes, describe
from inspector.model.checks.tensors import check_tensor
from inspector.model.checks.wiring import check_sources, check_wiring
from inspector.model.shapes.infer import standard_opset
from inspector.model.walk import graphs_of, nodes_of, tensors_of

MIN_OPSET = 7

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def validate(proto: onnx.ModelProto, *, limits: Limits) -> None:
    """Raise the first thing that keeps the model from being inspected; sorts unsorted nodes of `proto` in place."""
    _check_counts(proto, limits)
    _check_names(proto, limits)
    _check_functions(proto)
    _check_versions(proto)
    check_nodes(proto, limits=limits)
    for tensor in tensors_of(proto, limits=limits):
        check_tensor(tensor, limits=limits)
    for graph in graphs_of(proto, limits=limits):
        check_sources(graph)
        _check_declared_shapes(graph, limits)
    check_wiring(proto.graph)


def _check_counts(proto: onnx.ModelProto, limits: Limits) -> None:
    nodes = sum(1 for _ in nodes_of(proto, limits=limits))
    if nodes == 0:
        raise InvalidModelError("The model's graph has no nodes: there is nothing to inspect.")
    require_at_most(nodes, limits, what="The number of nodes", name="max_nodes")
    if not proto.graph.output:
        raise InvalidModelError("The model's graph has no outputs.")
    require_at_most(len(proto.graph.output), limits, what="The number of outputs", name="max_outputs")
    metadata = sum(len(entry.key) + len(entry.value) for entry in proto.metadata_props)
    require_at_most(metadata, limits, what="The size of metadata_props", name="max_metadata_bytes")
    if any(True for graph in graphs_of(proto, limits=limits) if graph.sparse_initializer):
        raise InvalidModelError(
            "The model has sparse initializers, which are not supported. Save them as dense tensors."
        )


def _check_functions(proto: onnx.ModelProto) -> None:
    """Refuse functions of one name: which of them a node calls, nobody could say."""
    seen: set[tuple[str, str, str]] = set()
    for function in proto.functions:
        key = (function.domain, function.name, function.overload)
        if key in seen:
            raise InvalidModelError(
                f"The model has the function {function.name[:80]!r} of domain {function.domain[:80]!r} more than once."
            )
        seen.add(key)


def _check_names(proto: onnx.ModelProto, limits: Limits) -> None:
    _check_each_name("domain", (entry.domain for entry in proto.opset_import), limits)
    _check_each_name("metadata key", (entry.key for entry in proto.metadata_props), limits)
    _check_text("metadata_props", (entry.value for entry in proto.metadata_props))
    for function in proto.functions:
        _check_each_name(
            "function", (function.name, function.domain, *function.input, *function.output), limits
        )
    for graph in graphs_of(proto, limits=limits):
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
    for node in nodes_of(proto, limits=limits):
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
        if _CONTROL.search(name):
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


def _check_declared_shapes(graph: onnx.GraphProto, limits: Limits) -> None:
    for info in (*graph.input, *graph.output, *graph.value_info):
        _check_element_type(info)
        for dim in info.type.tensor_type.shape.dim:
            if not dim.HasField("dim_value"):
                continue
            if dim.dim_value < -1:
                raise InvalidModelError(
                    f"Tensor {info.name!r} declares the negative dimension {dim.dim_value}."
                )
            require_at_most(
                dim.dim_value, limits, what=f"A declared dimension of {info.name!r}", name="max_dim"
            )


def _check_element_type(info: onnx.ValueInfoProto) -> None:
    """Refuse a tensor of a type that there is not; one of no type (0) is declared by nobody but exporters in haste."""
    number = info.type.tensor_type.elem_type
    if number not in onnx.TensorProto.DataType.values():
        raise InvalidModelError(f"Tensor {info.name!r} declares the unknown element type {number}.")
