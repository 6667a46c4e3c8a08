"""Constants that a file declares of another type than they hold: ONNX Runtime goes by what they hold, and so do we."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from inspector.operators.domains import STANDARD_SPELLINGS

_TYPES: Mapping[str, int] = {
    "value_float": onnx.TensorProto.FLOAT,
    "value_floats": onnx.TensorProto.FLOAT,
    "value_int": onnx.TensorProto.INT64,
    "value_ints": onnx.TensorProto.INT64,
    "value_string": onnx.TensorProto.STRING,
    "value_strings": onnx.TensorProto.STRING,
}
"""Of a Constant's attributes that hold no tensor, the type of what it gives."""


def declare_constants(proto: onnx.ModelProto) -> None:
    """Let the graph declare its initializers, and what Constant nodes give, of the types that these have, in place.

    ONNX's version converter leaves such declarations behind. Of all other tensors another type is an error, here as in
    the runtime.
    """
    held = _held(proto.graph)
    for info in (*proto.graph.value_info, *proto.graph.output):
        if info.name in held and info.type.tensor_type.elem_type not in (0, held[info.name]):
            info.type.tensor_type.elem_type = held[info.name]


def _held(graph: onnx.GraphProto) -> dict[str, int]:
    held = {tensor.name: tensor.data_type for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.domain in STANDARD_SPELLINGS and node.output:
            for attribute in node.attribute:
                kind = _type_of(attribute)
                if kind is not None:
                    held[node.output[0]] = kind
    return held


def _type_of(attribute: onnx.AttributeProto) -> int | None:
    if attribute.name == "value":
        return int(attribute.t.data_type)
    if attribute.name == "sparse_value":
        return int(attribute.sparse_tensor.values.data_type)
    return _TYPES.get(attribute.name)
