"""Changes of what a model declares of itself: tensors, versions, metadata, functions."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import helper

from tools.fuzz.changes.parts import (
    DOMAINS,
    TYPES,
    Change,
    a_name,
    a_node,
)
from tools.fuzz.draw import Draw

_KEYS = (
    "inspector.preprocessing", "inspector.labels", "names", "imgsz", "task", "author", "kpt_shape", "stride",
    "Image.BitmapPixelFormat", "Image.NominalPixelRange", "Image.ColorSpaceGamma",
)  # fmt: skip
_VALUES = (
    "{0: 'a', 1: 'b'}", "['a']", "[640, 640]", "[-1, 0]", "[" * 300, "Ultralytics", "classify", "pose", "9" * 5000,
    '{"mean": [1, 2], "std": 0}', '{"width": 1e400}', '["a", "b"]', "[17, 3]", "Bgr8", "NominalRange_16_235",
)  # fmt: skip


def _another_declaration(draw: Draw, proto: onnx.ModelProto) -> None:
    declared: Sequence[onnx.ValueInfoProto] = [
        *proto.graph.input,
        *proto.graph.output,
        *proto.graph.value_info,
    ]
    if not declared:
        return
    info = draw.pick(declared)
    dims = info.type.tensor_type.shape.dim
    match draw.below(8):
        case 0 | 1 | 2 if dims:
            dims[draw.below(len(dims))].dim_value = draw.whole()
        case 3 if dims:
            dims[draw.below(len(dims))].dim_param = draw.text()
        case 4:
            dims.add().dim_value = draw.whole()
        case 5 if dims:
            del dims[draw.below(len(dims))]
        case 6:
            info.type.tensor_type.elem_type = draw.below(TYPES)
        case _:
            _change_kind(draw, info)


def _change_kind(draw: Draw, info: onnx.ValueInfoProto) -> None:
    match draw.below(5):
        case 0:
            info.type.sequence_type.elem_type.tensor_type.elem_type = 1
        case 1:
            info.type.optional_type.elem_type.tensor_type.elem_type = 1
        case 2:
            info.type.map_type.key_type = 7
        case 3:
            info.ClearField("type")
        case _:
            info.name = draw.text()


def _a_declaration_within(draw: Draw, proto: onnx.ModelProto) -> None:
    """Declare of a tensor between what need not be true."""
    shape = [draw.pick((draw.whole(), draw.text(), 1, 3)) for _ in range(draw.below(6))]
    shape = [size if not isinstance(size, int) else max(min(size, 2**62), -(2**62)) for size in shape]
    proto.graph.value_info.append(
        helper.make_tensor_value_info(
            a_name(draw, proto), draw.below(TYPES), shape if draw.chance(0.8) else None
        )
    )


def _another_graph_output(draw: Draw, proto: onnx.ModelProto) -> None:
    match draw.below(3):
        case 0:
            proto.graph.output.add().name = a_name(draw, proto)
        case 1:
            proto.graph.output.append(
                helper.make_tensor_value_info(a_name(draw, proto), draw.below(TYPES), [1, draw.below(9)])
            )
        case _ if proto.graph.output:
            proto.graph.output[draw.below(len(proto.graph.output))].name = a_name(draw, proto)


def _without_a_declaration(draw: Draw, proto: onnx.ModelProto) -> None:
    listed = draw.pick((proto.graph.input, proto.graph.output, proto.graph.value_info))
    if listed:
        del listed[draw.below(len(listed))]


def _another_version(draw: Draw, proto: onnx.ModelProto) -> None:
    if proto.opset_import and draw.chance(0.7):
        draw.pick(proto.opset_import).version = draw.pick((draw.below(28), draw.whole()))
    elif draw.chance(0.5):
        proto.ir_version = draw.pick((draw.below(15), draw.whole()))
    else:
        proto.opset_import.append(helper.make_opsetid(draw.pick(DOMAINS), draw.below(30)))


def _another_metadata(draw: Draw, proto: onnx.ModelProto) -> None:
    for _ in range(draw.pick((1, 3))):
        proto.metadata_props.add(
            key=draw.pick((*_KEYS, draw.text())), value=draw.pick((*_VALUES, draw.text()))
        )


def _a_function(draw: Draw, proto: onnx.ModelProto) -> None:
    """Put a node's work into a function of the model, which may call itself."""
    node = a_node(draw, proto)
    if node is None:
        return
    inner = onnx.NodeProto.FromString(node.SerializeToString())
    name = draw.pick((node.op_type, "Own"))
    opsets = list(proto.opset_import) if draw.chance(0.8) else [helper.make_opsetid("", draw.below(28))]
    function = helper.make_function("own", name, list(inner.input), list(inner.output), [inner], opsets)
    if draw.chance(0.3):
        function.node.add().CopyFrom(helper.make_node(name, list(inner.input), ["unread"], domain="own"))
    proto.functions.append(function)
    proto.opset_import.append(helper.make_opsetid("own", 1))
    node.op_type, node.domain = name, "own"
    if draw.chance(0.8):
        del node.attribute[:]


def _training(draw: Draw, proto: onnx.ModelProto) -> None:
    if draw.chance(0.5):
        proto.training_info.add().initialization.CopyFrom(proto.graph)
    proto.training_info.add().algorithm.CopyFrom(proto.graph)


def _quantization(draw: Draw, proto: onnx.ModelProto) -> None:
    note = proto.graph.quantization_annotation.add(tensor_name=a_name(draw, proto))
    note.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value=a_name(draw, proto))


CHANGES: tuple[Change, ...] = (
    _another_declaration,
    _a_declaration_within,
    _another_graph_output,
    _without_a_declaration,
    _another_version,
    _another_metadata,
    _a_function,
    _training,
    _quantization,
)
"""All of them."""
