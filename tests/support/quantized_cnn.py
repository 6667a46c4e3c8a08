"""Small quantized CNNs by hand, QDQ."""

from __future__ import annotations

import numpy as np
import onnx

from tests.support.graphs import model, node

CLASSES = 6


def quantized_cnn(*, layers: int = 2, side: int | str = 24, channels: int = 8) -> onnx.ModelProto:
    """Return convolutions and a dense layer between quantizers of 8 bits, as quantizing tools write them."""
    random = np.random.default_rng(7)
    weights: dict[str, np.ndarray | np.generic] = {}
    nodes: list[onnx.NodeProto] = []

    def pair(tensor: str, scale: float, zero: np.generic) -> str:
        weights[f"{tensor}_s"], weights[f"{tensor}_z"] = np.float32(scale), zero
        operands = [f"{tensor}_s", f"{tensor}_z"]
        nodes.append(node("QuantizeLinear", [tensor, *operands], f"{tensor}_q"))
        nodes.append(node("DequantizeLinear", [f"{tensor}_q", *operands], f"{tensor}_d"))
        return f"{tensor}_d"

    def weight(name: str, shape: tuple[int, ...]) -> str:
        weights[name] = random.integers(-127, 128, shape).astype(np.int8)
        weights[f"{name}_s"], weights[f"{name}_z"] = np.float32(0.4 / 127), np.int8(0)
        nodes.append(node("DequantizeLinear", [name, f"{name}_s", f"{name}_z"], f"{name}_d"))
        return f"{name}_d"

    last, count = pair("x", 4 / 127, np.uint8(128)), 3
    for index in range(layers):
        read = weight(f"w{index}", (channels, count, 3, 3))
        nodes.append(node("Conv", [last, read], f"conv{index}", pads=[1, 1, 1, 1]))
        nodes.append(node("Relu", [f"conv{index}"], f"relu{index}"))
        last, count = pair(f"relu{index}", 6 / 255, np.uint8(0)), channels
    nodes.append(node("GlobalAveragePool", [last], "mean"))
    nodes.append(node("Flatten", ["mean"], "flat"))
    last = pair("flat", 4 / 255, np.uint8(0))
    nodes.append(node("Gemm", [last, weight("w", (CLASSES, channels))], "scores", transB=1))
    answer = pair("scores", 8 / 255, np.uint8(128))
    return model(nodes, shape=("n", 3, side, side), weights=weights, outputs=[answer])
