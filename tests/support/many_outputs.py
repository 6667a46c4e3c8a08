"""A small network that answers as a detector, a segmenter and an embedder at once; smooth, so that slopes are exact."""

from __future__ import annotations

import numpy as np
import onnx

from tests.support.graphs import model, node

HEIGHT, WIDTH = 12, 10
BOXES, CLASSES, MAPS = 30, 3, 4


def many_outputs(*, batch: int | str = "n") -> onnx.ModelProto:
    """Return the network; its outputs are scores (30, 3), boxes (30, 4), masks (4, 12, 10) and embedding (6,)."""
    nodes = [
        node("Conv", ["x", "w1", "b1"], "conv1", pads=[1, 1, 1, 1]),
        node("Tanh", ["conv1"], "tanh1"),
        node("Conv", ["tanh1", "w2", "b2"], "logits"),
        node("Softmax", ["logits"], "masks", axis=1),
        node("Conv", ["tanh1", "w3"], "anchors", pads=[1, 1, 1, 1], strides=[2, 2]),
        node("Transpose", ["anchors"], "last", perm=[0, 2, 3, 1]),
        node("Reshape", ["last", "shape"], "rows"),
        node("Split", ["rows", "parts"], ["raw", "boxes"], axis=2),
        node("Softmax", ["raw"], "scores", axis=-1),
        node("GlobalAveragePool", ["tanh1"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("Gemm", ["flat", "w4", "b4"], "embedding"),
    ]
    rng = np.random.default_rng(5)

    def drawn(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * 0.5).astype(np.float32)

    weights = {
        "w1": drawn(8, 3, 3, 3), "b1": drawn(8), "w2": drawn(MAPS, 8, 1, 1), "b2": drawn(MAPS),
        "w3": drawn(CLASSES + 4, 8, 3, 3), "w4": drawn(8, 6), "b4": drawn(6),
        "shape": np.asarray([0, -1, CLASSES + 4]), "parts": np.asarray([CLASSES, 4]),
    }  # fmt: skip
    outputs = ["scores", "boxes", "masks", "embedding"]
    return model(nodes, shape=(batch, 3, HEIGHT, WIDTH), weights=weights, outputs=outputs)


def pictures(count: int, *, seed: int = 2) -> np.ndarray:
    """Return (count, 3, 12, 10) random images."""
    return np.random.default_rng(seed).standard_normal((count, 3, HEIGHT, WIDTH)).astype(np.float32)
