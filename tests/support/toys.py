"""Two tiny models with fixed weights: an ordinary CNN, and one that runs as long as its image is bright."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from tests.support.graphs import model, node

SIDE = 16


def toy_cnn(*, batch: int | str = "batch") -> bytes:
    """Return conv - relu - pool - conv - relu - dense with 5 classes, for 3 x 16 x 16 images."""
    rng = np.random.default_rng(7)

    def weights(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * 0.3).astype(np.float32)

    nodes = [
        node("Conv", ["x", "w1", "b1"], "conv1", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["conv1"], "relu1"),
        node("MaxPool", ["relu1"], "pool1", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["pool1", "w2", "b2"], "conv2", kernel_shape=[3, 3]),
        node("Relu", ["conv2"], "relu2"),
        node("Flatten", ["relu2"], "flat"),
        node("Gemm", ["flat", "w3", "b3"], "scores"),
    ]
    values: dict[str, np.ndarray | np.generic] = {
        "w1": weights(6, 3, 3, 3),
        "b1": weights(6),
        "w2": weights(8, 6, 3, 3),
        "b2": weights(8),
        "w3": weights(8 * 36, 5),
        "b3": weights(5),
    }
    return model(nodes, shape=(batch, 3, SIDE, SIDE), weights=values).SerializeToString()


def toy_endless(*, least: float = 0.0) -> bytes:
    """Return a model that loops a million times per unit of its image's brightness, and `least` million times more."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Mul", ["sum", "one"], ["more"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, []),
        ],
        [numpy_helper.from_array(np.float32(1), "one")],
    )
    nodes = [
        node("Conv", ["x", "w1"], "conv1", kernel_shape=[3, 3]),
        node("Flatten", ["conv1"], "flat"),
        node("Relu", ["x"], "light"),
        node("ReduceSum", ["light"], "brightness", keepdims=0),
        node("Add", ["brightness", "least"], "units"),
        node("Mul", ["units", "million"], "length"),
        node("Cast", ["length"], "turns", to=TensorProto.INT64),
        node("Loop", ["turns", "", "nothing"], "waited", body=body),
        node("Gemm", ["flat", "w2"], "dense"),
        node("Add", ["dense", "waited"], "scores"),
    ]
    values: dict[str, np.ndarray | np.generic] = {
        "w1": np.ones((2, 3, 3, 3), np.float32),
        "w2": np.ones((2 * 14 * 14, 3), np.float32),
        "least": np.float32(least),
        "million": np.float32(1e6),
        "nothing": np.float32(0),
    }
    proto = model(nodes, shape=(1, 3, SIDE, SIDE), weights=values)
    return proto.SerializeToString()


def toy_bomb() -> bytes:
    """Return a model that asks for 32 GB when it runs, which its file does not show."""
    nodes = [
        node("ReduceSum", ["x"], "sum", keepdims=0),
        node("Add", ["sum", "billions"], "length"),
        node("Cast", ["length"], "count", to=TensorProto.INT64),
        node("Unsqueeze", ["count", "axis"], "shape"),
        node("ConstantOfShape", ["shape"], "bomb"),
        node("ReduceMax", ["bomb"], "zero", keepdims=0),
        node("Flatten", ["x"], "flat"),
        node("Gemm", ["flat", "w"], "dense"),
        node("Add", ["dense", "zero"], "scores"),
    ]
    values: dict[str, np.ndarray | np.generic] = {
        "billions": np.float32(8e9),
        "axis": np.array([0]),
        "w": np.ones((3 * SIDE * SIDE, 3), np.float32),
    }
    return model(nodes, shape=(1, 3, SIDE, SIDE), weights=values).SerializeToString()


def toy_image(seed: int = 3) -> np.ndarray:
    """Return a prepared input (3, 16, 16), float32."""
    return np.random.default_rng(seed).standard_normal((3, SIDE, SIDE)).astype(np.float32)


def toy_photo(seed: int = 4, *, height: int = 24, width: int = 20) -> np.ndarray:
    """Return a picture (H, W, 3), uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


BRIGHT = np.full((3, SIDE, SIDE), 1e6, np.float32)
"""With this image the endless model ends after centuries."""
