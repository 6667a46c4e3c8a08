"""Static quantization to 8 bits, as tools write it: QuantizeLinear and DequantizeLinear around what has weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper

from tests.support.graphs import Exposed
from tools.scorecard.editing import attribute, insert, nodes_of, put, weights_of

CODES = 255


def quantized(proto: onnx.ModelProto, images: np.ndarray) -> onnx.ModelProto:
    """Quantize what convolutions and dense layers read, within the range that it has over images (N, …); in place.

    Weights get a scale per output channel, symmetric; biases stay floats.
    """
    layers = nodes_of(proto, "Conv", "Gemm")
    image = proto.graph.input[0].name
    tensors = sorted({node.input[0] for node in layers})
    exposed = Exposed(proto, [name for name in tensors if name != image])
    ranges = _ranges(exposed.run(images) | {image: images}, tensors)
    for name in tensors:
        low, high = ranges[name]
        scale = np.float32(max(high - low, 1e-6) / CODES)
        put(proto, f"{name}.scale", np.asarray(scale))
        put(proto, f"{name}.zero", np.asarray(np.clip(round(-low / scale), 0, CODES), np.uint8))
        operands = [f"{name}.scale", f"{name}.zero"]
        first = next(node for node in layers if node.input[0] == name)
        insert(
            proto,
            [
                _node("QuantizeLinear", [name, *operands], f"{name}.codes"),
                _node("DequantizeLinear", [f"{name}.codes", *operands], f"{name}.values"),
            ],
            before=first,
        )
    for node in layers:
        node.input[0] = f"{node.input[0]}.values"
        _quantize_weights(proto, node)
    return proto


def _ranges(tensors: dict[str, np.ndarray], names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Zero is always among the values: it is what is padded."""
    return {
        name: (min(float(tensors[name].min()), 0.0), max(float(tensors[name].max()), 0.0)) for name in names
    }


def _quantize_weights(proto: onnx.ModelProto, node: onnx.NodeProto) -> None:
    name = node.input[1]
    weights = weights_of(proto, name)
    axis = 0 if node.op_type == "Conv" or attribute(node, "transB", 0) else 1
    others = tuple(one for one in range(weights.ndim) if one != axis)
    scales = np.maximum(np.abs(weights).max(axis=others), 1e-8) / 127
    shape = [-1 if one == axis else 1 for one in range(weights.ndim)]
    put(proto, name, np.rint(weights / scales.reshape(shape)).astype(np.int8))
    put(proto, f"{name}.scale", scales.astype(np.float32))
    put(proto, f"{name}.zero", np.zeros(len(scales), np.int8))
    insert(
        proto,
        [_node("DequantizeLinear", [name, f"{name}.scale", f"{name}.zero"], f"{name}.values", axis=axis)],
        before=node,
    )
    node.input[1] = f"{name}.values"


def _node(operator: str, inputs: Sequence[str], output: str, **attributes: int) -> onnx.NodeProto:
    return helper.make_node(operator, list(inputs), [output], name=output, **attributes)
