"""Operators whose shape ONNX does not infer, or infers wrongly, replaced for inference by others of the same shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import onnx

from inspector.model.shapes.measured import MEASURED_DOMAIN, is_measured
from inspector.operators.domains import MICROSOFT, STANDARD, Key, is_standard
from inspector.operators.families import EARLY, SOFTMAXES, UNARY
from inspector.operators.schemas import fewest_inputs
from inspector.operators.twins import TWINS, QuantizedTwin
from inspector.registry import Registry

StandIn = Callable[[onnx.NodeProto, int], Sequence[onnx.NodeProto]]
"""Takes a node and the standard opset, and returns nodes that give its outputs; none where nothing has their shape."""


def standing_in(node: onnx.NodeProto, opset: int) -> list[onnx.NodeProto]:
    """Return what stands for a node in the inference: itself, others of its shape, or one that ONNX leaves alone."""
    stand_in = STAND_INS.get((node.domain, node.op_type))
    nodes = list(stand_in(node, opset) if stand_in is not None else []) or [node]
    return [_measured(one) if is_standard(one) and is_measured(one) else one for one in nodes]


def _measured(node: onnx.NodeProto) -> onnx.NodeProto:
    made = onnx.NodeProto()
    made.CopyFrom(node)
    made.domain = MEASURED_DOMAIN
    return made


def _like(op_type: str, inputs: Sequence[int], *, keep_attributes: bool = False) -> StandIn:
    def stand_in(node: onnx.NodeProto, opset: int) -> Sequence[onnx.NodeProto]:
        if any(attribute.name == "channels_last" and attribute.i for attribute in node.attribute):
            return []
        given = [index for index in inputs if index < len(node.input)]
        if len(given) < max(fewest_inputs(op_type), 1):
            return []
        made = onnx.helper.make_node(
            op_type, [node.input[index] for index in given], node.output[:1], name=node.name
        )
        if keep_attributes:
            schema = onnx.defs.get_schema(op_type, opset)
            made.attribute.extend(item for item in node.attribute if item.name in schema.attributes)
        return [made]

    return stand_in


def _crop(node: onnx.NodeProto, opset: int) -> Sequence[onnx.NodeProto]:
    """Crop removes `border` = (left, top, right, bottom) pixels: padding with negative counts."""
    attributes = {item.name: list(item.ints) for item in node.attribute}
    border = attributes.get("border", [])
    if len(border) != 4 or attributes.get("scale") or opset >= 11:
        return []
    left, top, right, bottom = border
    pads = [0, 0, -top, -left, 0, 0, -bottom, -right]
    return [onnx.helper.make_node("Pad", node.input[:1], node.output[:1], name=node.name, pads=pads)]


def _like_float(twin: QuantizedTwin) -> StandIn:
    """Return the stand-in of an operator on codes: its standard namesake, or its float operator on its operands."""

    def stand_in(node: onnx.NodeProto, opset: int) -> Sequence[onnx.NodeProto]:
        if (STANDARD, twin.op_type) in TWINS:
            return _like(twin.op_type, range(8), keep_attributes=True)(node, opset)
        op_type = twin.float_operator
        keeps_shape = op_type in UNARY | SOFTMAXES
        places = twin.places(len(node.input))
        if twin.result is None and node.input:  # floats, whatever the operands' type
            cast = onnx.helper.make_node(
                "Cast", node.input[:1], [f"{node.output[0]}/first"], to=onnx.TensorProto.FLOAT
            )
            made = onnx.NodeProto()
            made.CopyFrom(node)
            made.input[0] = cast.output[0]
            return [cast, *_like(op_type, places)(made, opset)]
        return _like("Identity" if keeps_shape else op_type, places, keep_attributes=not keeps_shape)(
            node, opset
        )

    return stand_in


def _onesided(node: onnx.NodeProto, _opset: int) -> Sequence[onnx.NodeProto]:
    """ONNX infers all bins where the node does not say "onesided"; its default, and the runtime's, is half of them."""
    if any(attribute.name == "onesided" for attribute in node.attribute):
        return []
    made = onnx.NodeProto()
    made.CopyFrom(node)
    made.attribute.append(onnx.helper.make_attribute("onesided", 1))
    return [made]


_OTHERS: Mapping[Key, StandIn] = {
    (STANDARD, "STFT"): _onesided,
    **{(STANDARD, op_type): _like("Identity", (0,)) for op_type in sorted(EARLY)},
    (STANDARD, "Crop"): _crop,
    (MICROSOFT, "FusedConv"): _like("Conv", (0, 1), keep_attributes=True),
    (MICROSOFT, "FusedGemm"): _like("Gemm", (0, 1), keep_attributes=True),
    (MICROSOFT, "FusedMatMul"): _like("MatMul", (0, 1)),
    (MICROSOFT, "Gelu"): _like("Identity", (0,)),
    (MICROSOFT, "FastGelu"): _like("Identity", (0,)),
    (MICROSOFT, "QuickGelu"): _like("Identity", (0,)),
    (MICROSOFT, "BiasGelu"): _like("Identity", (0,)),
    (MICROSOFT, "QuantizeLinear"): _like("QuantizeLinear", (0, 1, 2), keep_attributes=True),
    (MICROSOFT, "DequantizeLinear"): _like("DequantizeLinear", (0, 1, 2), keep_attributes=True),
}

STAND_INS: Registry[Key, StandIn] = Registry("stand-in for shapes")
"""By domain and operator."""

for _key, _stand_in in _OTHERS.items():
    STAND_INS.add(_key, _stand_in)
for _key, _twin in TWINS.items():
    if _twin.domain == MICROSOFT:
        STAND_INS.add(_key, _like_float(_twin))
