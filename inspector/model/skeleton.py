"""A file without its large tensors, which ONNX's own checker reads as it would the whole."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import onnx

_MOST_ELEMENTS = 1024
"""Larger tensors are no shapes."""
_MOST_BYTES = 16 << 20


def skeleton_of(proto: onnx.ModelProto) -> bytes | None:
    """Return a model whose large tensors are inputs instead; None where there is much else in it.

    `proto` is not changed. Large are those of more than 1,024 elements, and those in other files.
    """
    graph = proto.graph
    copy = onnx.ModelProto(
        ir_version=proto.ir_version, producer_name=proto.producer_name, opset_import=proto.opset_import
    )
    if sum(function.ByteSize() for function in proto.functions) > _MOST_BYTES:
        return None
    copy.functions.extend(proto.functions)
    copy.metadata_props.extend(one for one in proto.metadata_props if len(one.value) <= _MOST_ELEMENTS)
    copy.graph.name = graph.name
    copy.graph.input.extend(graph.input)
    copy.graph.output.extend(graph.output)
    copy.graph.value_info.extend(graph.value_info)
    listed = {info.name for info in graph.input}
    for tensor in graph.initializer:
        if not _is_large(tensor):
            copy.graph.initializer.add().CopyFrom(tensor)
        elif tensor.name not in listed:
            copy.graph.input.append(_as_input(tensor, tensor.name))
    size = 0
    for node in graph.node:
        large = next(_large(node), None)
        if large is not None and node.op_type == "Constant" and node.output:
            copy.graph.input.append(_as_input(large, node.output[0]))
            continue
        size += node.ByteSize()
        if size > _MOST_BYTES:
            return None
        copy.graph.node.add().CopyFrom(node)
    return bytes(copy.SerializeToString())


def _large(node: onnx.NodeProto) -> Iterator[onnx.TensorProto]:
    return (one.t for one in node.attribute if one.HasField("t") and _is_large(one.t))


def _is_large(tensor: onnx.TensorProto) -> bool:
    return bool(tensor.data_location == onnx.TensorProto.EXTERNAL) or prod(tensor.dims) > _MOST_ELEMENTS


def _as_input(tensor: onnx.TensorProto, name: str) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(name, tensor.data_type, tensor.dims)
