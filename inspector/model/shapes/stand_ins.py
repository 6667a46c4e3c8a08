"""Operators whose shape ONNX does not infer, or infers wrongly, replaced for inference by others of the same shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx

StandIn = Callable[[onnx.NodeProto, int], onnx.NodeProto | None]
"""Takes a node and the standard opset; None where no standard operator has its shape."""

CEILING_DOMAIN = "inspector"
_CEILING_OPSET = 22
_CEILING_POOLINGS = ("MaxPool", "AveragePool")


def _like(op_type: str, inputs: Sequence[int], *, keep_attributes: bool = False) -> StandIn:
    def stand_in(node: onnx.NodeProto, _opset: int) -> onnx.NodeProto | None:
        if any(attribute.name == "channels_last" and attribute.i for attribute in node.attribute):
            return None
        if max(inputs) >= len(node.input):
            return None
        made = onnx.helper.make_node(
            op_type, [node.input[index] for index in inputs], node.output[:1], name=node.name
        )
        if keep_attributes:
            schema = onnx.defs.get_schema(op_type)
            made.attribute.extend(item for item in node.attribute if item.name in schema.attributes)
        return made

    return stand_in


def _crop(node: onnx.NodeProto, opset: int) -> onnx.NodeProto | None:
    """Crop removes `border` = (left, top, right, bottom) pixels: padding with negative counts."""
    attributes = {item.name: list(item.ints) for item in node.attribute}
    border = attributes.get("border", [])
    if len(border) != 4 or attributes.get("scale") or opset >= 11:
        return None
    left, top, right, bottom = border
    return onnx.helper.make_node(
        "Pad",
        node.input[:1],
        node.output[:1],
        name=node.name,
        pads=[0, 0, -top, -left, 0, 0, -bottom, -right],
    )


def _concat_of_codes(node: onnx.NodeProto, _opset: int) -> onnx.NodeProto:
    """QLinearConcat takes the scale and zero point of its output, then codes, scale and zero point of each operand."""
    return onnx.helper.make_node(
        "Concat", node.input[2::3], node.output, name=node.name, axis=node.attribute[0].i
    )


def _ceiling_pooling(node: onnx.NodeProto, opset: int) -> onnx.NodeProto | None:
    """Before opset 22 ONNX counts a last window that lies in the padding alone, which the runtime never did."""
    ceiled = any(attribute.name == "ceil_mode" and attribute.i for attribute in node.attribute)
    if opset >= _CEILING_OPSET or not ceiled:
        return None
    made = onnx.NodeProto()
    made.CopyFrom(node)
    made.domain = CEILING_DOMAIN
    del made.output[1:]  # a function gives all its outputs or cannot be inferred
    return made


def ceiling_functions() -> list[onnx.FunctionProto]:
    """Return the poolings of opset 22 as functions that a model of any opset can call."""
    return [_function(op_type) for op_type in _CEILING_POOLINGS]


def _function(op_type: str) -> onnx.FunctionProto:
    schema = onnx.defs.get_schema(op_type, _CEILING_OPSET)
    node = onnx.helper.make_node(op_type, ["X"], ["Y"])
    for name, attribute in schema.attributes.items():
        node.attribute.add(name=name, type=attribute.type.value, ref_attr_name=name)
    opsets = [onnx.helper.make_opsetid("", _CEILING_OPSET)]
    return onnx.helper.make_function(
        CEILING_DOMAIN, op_type, ["X"], ["Y"], [node], opsets, list(schema.attributes)
    )


STAND_INS: dict[tuple[str, str], StandIn] = {
    ("", "MaxPool"): _ceiling_pooling,
    ("", "AveragePool"): _ceiling_pooling,
    ("", "ImageScaler"): _like("Identity", (0,)),
    ("", "Affine"): _like("Identity", (0,)),
    ("", "Scale"): _like("Identity", (0,)),
    ("", "ScaledTanh"): _like("Identity", (0,)),
    ("", "ParametricSoftplus"): _like("Identity", (0,)),
    ("", "Crop"): _crop,
    ("com.microsoft", "QLinearConv"): _like("QLinearConv", range(8), keep_attributes=True),
    ("com.microsoft", "QLinearConcat"): _concat_of_codes,
    ("com.microsoft", "DynamicQuantizeMatMul"): _like("MatMul", (0, 1)),
    ("com.microsoft", "MatMulIntegerToFloat"): _like("MatMul", (0, 1)),
    ("com.microsoft", "QLinearAdd"): _like("Add", (0, 3)),
    ("com.microsoft", "QLinearMul"): _like("Mul", (0, 3)),
    ("com.microsoft", "QLinearWhere"): _like("Where", (0, 1, 4)),
    ("com.microsoft", "QLinearSigmoid"): _like("Identity", (0,)),
    ("com.microsoft", "QLinearLeakyRelu"): _like("Identity", (0,)),
    ("com.microsoft", "QLinearSoftmax"): _like("Identity", (0,)),
    ("com.microsoft", "QLinearAveragePool"): _like("AveragePool", (0,), keep_attributes=True),
    ("com.microsoft", "QLinearGlobalAveragePool"): _like("GlobalAveragePool", (0,)),
    ("com.microsoft", "QGemm"): _like("Gemm", (0, 3), keep_attributes=True),
    ("com.microsoft", "FusedConv"): _like("Conv", (0, 1), keep_attributes=True),
    ("com.microsoft", "FusedGemm"): _like("Gemm", (0, 1), keep_attributes=True),
    ("com.microsoft", "FusedMatMul"): _like("MatMul", (0, 1)),
    ("com.microsoft", "Gelu"): _like("Identity", (0,)),
    ("com.microsoft", "FastGelu"): _like("Identity", (0,)),
    ("com.microsoft", "QuickGelu"): _like("Identity", (0,)),
    ("com.microsoft", "BiasGelu"): _like("Identity", (0,)),
    ("com.microsoft", "QuantizeLinear"): _like("QuantizeLinear", (0, 1, 2), keep_attributes=True),
    ("com.microsoft", "DequantizeLinear"): _like("DequantizeLinear", (0, 1, 2), keep_attributes=True),
}
