"""One small CNN in many exports: the same weights, whatever the batch, the layout, the size and the head."""

from __future__ import annotations

import math

import numpy as np
import onnx

from tests.support.graphs import model, node

CLASSES = 5
HEIGHT, WIDTH = 16, 12


def small_cnn(
    *,
    batch: int | str = "n",
    height: int | str = HEIGHT,
    width: int | str = WIDTH,
    layout: str = "NCHW",
    head: str | None = None,
    opset: int = 17,
) -> bytes:
    """Return two convolutions, an overlapping pooling and a dense layer; a fixed batch is built into a Reshape."""
    nodes = [node("Transpose", ["x"], "nchw", perm=[0, 3, 1, 2])] if layout == "NHWC" else []
    image = "nchw" if nodes else "x"
    nodes += [
        node("Conv", [image, "w1", "b1"], "conv1", pads=[1, 1, 1, 1]),
        node("Relu", ["conv1"], "relu1"),
        node("MaxPool", ["relu1"], "pool1", kernel_shape=[3, 3], strides=[2, 2]),
        node("Conv", ["pool1", "w2", "b2"], "conv2"),
        node("Relu", ["conv2"], "relu2"),
        node("GlobalAveragePool", ["relu2"], "mean"),
        node("Reshape", ["mean", "shape"], "flat"),
        node("Gemm", ["flat", "w3", "b3"], "scores"),
    ]
    if head:
        nodes.append(node(head, ["scores"], "answer"))
    sizes = [batch, 3, height, width] if layout == "NCHW" else [batch, height, width, 3]
    return model(nodes, shape=sizes, weights=_weights(batch), opset=opset).SerializeToString()


def _weights(batch: int | str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)

    def drawn(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * np.sqrt(2 / math.prod(shape[1:]))).astype(np.float32)

    return {
        "w1": drawn(8, 3, 3, 3), "b1": drawn(8), "w2": drawn(10, 8, 3, 3), "b2": drawn(10),
        "w3": drawn(10, CLASSES) * 3, "b3": drawn(CLASSES),
        "shape": np.asarray([batch if isinstance(batch, int) else -1, 10], np.int64),
    }  # fmt: skip


def images(
    count: int, *, layout: str = "NCHW", height: int = HEIGHT, width: int = WIDTH, seed: int = 0
) -> np.ndarray:
    """Return random images, the same ones in either layout."""
    x = np.random.default_rng(seed).standard_normal((count, 3, height, width)).astype(np.float32)
    return x if layout == "NCHW" else np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def proto(data: bytes) -> onnx.ModelProto:
    """Return the bytes parsed."""
    return onnx.ModelProto.FromString(data)
