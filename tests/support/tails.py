"""Small networks with random weights that end in every way that outputs are written, and what their numbers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx

from tests.support.graphs import model, node

SIDE, WIDTH = 32, 8
CLASSES = 4
Arrays = Mapping[str, np.ndarray]
Numbers = Callable[[Arrays], np.ndarray]


@dataclass
class Tail:
    """The end of a network, and what is right."""

    meaning: str
    nodes: Sequence[onnx.NodeProto]
    outputs: Sequence[str]
    likely: Numbers | None = None
    """From the runtime's outputs to the probabilities of classes, (classes, *places); None where there are none."""
    values: Numbers | None = None
    """To the values, where there are no classes."""
    winner: Callable[[np.ndarray], int] | None = None
    """From the probabilities to the class that answers, where that is not the most probable one."""
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    labels: Sequence[str] | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def network(tail: Tail, *, seed: int, batch: int | str) -> onnx.ModelProto:
    """Return a network of one convolution with a tail."""
    rng = np.random.default_rng(seed)
    weights = {
        "w0": rng.standard_normal((WIDTH, 3, 4, 4)) * 0.3,
        "dense": rng.standard_normal((WIDTH, CLASSES)) * 2,
        "dense2": rng.standard_normal((WIDTH, CLASSES)) * 2,
        "one": rng.standard_normal((WIDTH, 1)),
        "k1": rng.standard_normal((1, WIDTH, 1, 1)),
        "k2": rng.standard_normal((2, WIDTH, 1, 1)),
        "k3": rng.standard_normal((3, WIDTH, 1, 1)),
        "k4": rng.standard_normal((4, WIDTH, 1, 1)),
        "k5": rng.standard_normal((5, WIDTH, 1, 1)),
        "k24": rng.standard_normal((24, WIDTH, 1, 1)),
    }
    nodes = [
        node("Conv", ["x", "w0"], "conv0", strides=[4, 4]),
        node("Relu", ["conv0"], "relu0"),
        node("GlobalAveragePool", ["relu0"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("Gemm", ["flat", "dense"], "a"),
        node("Gemm", ["flat", "dense2"], "b"),
        *tail.nodes,
    ]
    used = {name for one in nodes for name in one.input}
    arrays = {name: array.astype(np.float32) for name, array in weights.items() if name in used}
    proto = model(
        nodes, shape=(batch, 3, SIDE, SIDE), weights=arrays | tail.weights, outputs=list(tail.outputs)
    )
    made_by = {one.output[0]: one.op_type for one in tail.nodes}
    for output in proto.graph.output:
        kind = _WHOLE.get(made_by[output.name])
        if kind is not None:
            output.type.tensor_type.elem_type = kind
    for key, value in tail.metadata.items():
        proto.metadata_props.add(key=key, value=value)
    return proto


_WHOLE = {"ArgMax": onnx.TensorProto.INT64, "Cast": onnx.TensorProto.UINT8}


def softmax(scores: np.ndarray, axis: int = 0) -> np.ndarray:
    shifted = np.exp(scores.astype(np.float64) - scores.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def sigmoid(scores: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-scores.astype(np.float64)))


def own(name: str, *axes: int) -> Numbers:
    """Return an output's numbers as they are, its axes in another order."""
    return lambda found: found[name][0].transpose(axes) if axes else found[name][0]


def of(function: Callable[..., np.ndarray], name: str) -> Numbers:
    return lambda found: function(found[name][0])
