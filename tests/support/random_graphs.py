"""Random small graphs whose operators move the axis of the batch, mix it, or leave it alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from tests.support.graphs import model, node, run_exposed

IMAGE = (3, 6, 5)
TRIED = np.random.default_rng(0).standard_normal((1, *IMAGE)).astype(np.float32)


class Growing:
    """A graph that grows by one random step after another; its shapes are the runtime's, for one image."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}
        self.at = "x"
        self.shape: tuple[int, ...] = (1, *IMAGE)

    def proto(self, batch: int | str, outputs: tuple[str, ...] | None = None) -> onnx.ModelProto:
        return model(
            self.nodes, shape=(batch, *IMAGE), weights=self.weights, outputs=outputs or (self.at,), opset=17
        )

    def constant(self, array: Any) -> str:
        name = f"k{len(self.weights)}"
        self.weights[name] = np.asarray(array)
        return name

    def random(self, *shape: int) -> str:
        return self.constant(self.rng.standard_normal(shape).astype(np.float32))

    def add(self, op_type: str, inputs: list[str], outputs: int = 1, **attributes: Any) -> list[str]:
        names = [f"t{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(node(op_type, inputs, names, **attributes))
        return names

    def axis(self) -> int:
        return int(self.rng.integers(len(self.shape)))

    def grow(self) -> bool:
        """Take one step; one that the runtime does not run for one image is taken back."""
        before = (len(self.nodes), dict(self.weights), self.at, self.shape)
        step = STEPS[int(self.rng.integers(len(STEPS)))]
        found = self._tried(step)
        if found is None or not found.size or found.size > 2000 or found.ndim > 5 or np.isnan(found).any():
            del self.nodes[before[0] :]
            self.weights, self.at, self.shape = before[1:]
            return False
        self.shape = found.shape
        return True

    def _tried(self, step: Step) -> np.ndarray | None:
        """Return what a step gives for one image, None where it does not go here."""
        try:
            made = step(self)
            if made is None:
                return None
            self.at = made
            return run_exposed(self.proto("n"), TRIED, [made])[made]
        except Exception:  # noqa: BLE001 — whatever the runtime says, and shapes that do not have the axis
            return None


Step = Callable[[Growing], "str | None"]


def _unary(op_type: str) -> Step:
    return lambda g: g.add(op_type, [g.at])[0]


def _along(op_type: str, **attributes: Any) -> Step:
    return lambda g: g.add(op_type, [g.at], axis=g.axis(), **attributes)[0]


def _transpose(g: Growing) -> str:
    return g.add("Transpose", [g.at], perm=[int(i) for i in g.rng.permutation(len(g.shape))])[0]


def _reshape(g: Growing) -> str | None:
    """Join two neighboring axes, split one, or say anew what is there; one size is left to be found."""
    sizes, axis = list(g.shape), g.axis()
    kind = int(g.rng.integers(3))
    if kind == 0 and axis + 1 < len(sizes):
        sizes[axis : axis + 2] = [sizes[axis] * sizes[axis + 1]]
    elif kind == 1 and sizes[axis] % 2 == 0:
        sizes[axis : axis + 1] = [2, sizes[axis] // 2] if g.rng.random() < 0.5 else [sizes[axis] // 2, 2]
    sizes[int(g.rng.integers(len(sizes))) if kind == 2 else min(axis, len(sizes) - 1)] = -1
    return g.add("Reshape", [g.at, g.constant(np.array(sizes))])[0]


def _reduce(g: Growing) -> str:
    op_type = ["ReduceMean", "ReduceMax", "ReduceL2"][int(g.rng.integers(3))]
    return g.add(op_type, [g.at], axes=[g.axis()], keepdims=int(g.rng.integers(2)))[0]


def _centered(g: Growing) -> str:
    mean = g.add("ReduceMean", [g.at], axes=[g.axis()], keepdims=1)[0]
    return g.add("Sub", [g.at, mean])[0]


def _pairs(g: Growing) -> str:
    axis = g.axis()
    other = g.add("Mul", [g.at, g.constant(np.float32(0.5))])[0]
    both = g.add("Concat", [g.at, other], axis=axis)[0]
    act = g.add("Sigmoid", [both])[0]
    if g.rng.random() < 0.5:
        return act
    a, b = g.add("Split", [act], 2, axis=axis)
    return g.add("Mul", [a, b])[0]


def _beside(g: Growing) -> str:
    axis = g.axis()
    sizes = [1 if other == axis else size for other, size in enumerate(g.shape)]
    return g.add("Concat", [g.at, g.random(*sizes)], axis=axis)[0]


def _top(g: Growing) -> str:
    return g.add("TopK", [g.at, g.constant(np.array([1]))], 2, axis=g.axis())[0]


def _at_the_largest(g: Growing) -> str:
    axis = g.axis()
    largest = g.add("ArgMax", [g.at], axis=axis, keepdims=1)[0]
    return g.add("GatherElements", [g.at, largest], axis=axis)[0]


def _squeeze(g: Growing) -> str | None:
    single = [axis for axis, size in enumerate(g.shape) if size == 1]
    if not single or len(g.shape) < 2:
        return None
    return g.add("Squeeze", [g.at, g.constant(np.array([int(g.rng.choice(single))]))])[0]


def _unsqueeze(g: Growing) -> str:
    return g.add("Unsqueeze", [g.at, g.constant(np.array([g.axis()]))])[0]


def _gather(g: Growing) -> str:
    axis = g.axis()
    index = int(g.rng.integers(g.shape[axis]))
    return g.add(
        "Gather", [g.at, g.constant(np.array(index if g.rng.random() < 0.5 else [index]))], axis=axis
    )[0]


def _dense(g: Growing) -> str:
    return g.add("MatMul", [g.at, g.random(g.shape[-1], 4)])[0]


def _by_itself(g: Growing) -> str:
    perm = [*range(len(g.shape) - 2), len(g.shape) - 1, len(g.shape) - 2]
    return g.add("MatMul", [g.at, g.add("Transpose", [g.at], perm=perm)[0]])[0]


def _gemm(g: Growing) -> str:
    if g.rng.random() < 0.3:
        return g.add("Gemm", [g.at, g.random(g.shape[0], 4)], transA=1)[0]
    return g.add("Gemm", [g.at, g.random(4, g.shape[1]), g.random(4)], transB=1)[0]


def _norm(g: Growing) -> str:
    """Normalize by fixed statistics, or by those of the batch; equal constants would share memory in the runtime."""
    size = g.shape[1]
    parameters = [
        g.constant((np.linspace(low, low + 0.5, size) + g.rng.random(size) / 10).astype(np.float32))
        for low in (0.5, 0.1, 0.2, 0.7)
    ]
    training = int(g.rng.random() < 0.5)
    return g.add("BatchNormalization", [g.at, *parameters], 3 if training else 1, training_mode=training)[0]


def _slice(g: Growing) -> str:
    axis, backward = g.axis(), g.rng.random() < 0.4
    bounds = ([-1], [-(2**60)], [axis], [-1]) if backward else ([0], [max(g.shape[axis] - 1, 1)], [axis], [1])
    return g.add("Slice", [g.at, *(g.constant(np.array(bound)) for bound in bounds)])[0]


def _pad(g: Growing) -> str:
    pads = np.zeros(2 * len(g.shape), np.int64)
    pads[g.axis()] = 1
    return g.add("Pad", [g.at, g.constant(pads)])[0]


def _tile(g: Growing) -> str:
    repeats = np.ones(len(g.shape), np.int64)
    repeats[g.axis()] = 2
    return g.add("Tile", [g.at, g.constant(repeats)])[0]


def _numbered(g: Growing) -> str:
    """Add its number along the first axis to everything: another one for every image of a batch."""
    shape = g.add("Shape", [g.at])[0]
    size = g.add("Gather", [shape, g.constant(np.array(0))], axis=0)[0]
    numbers = g.add("Range", [g.constant(np.array(0)), size, g.constant(np.array(1))])[0]
    floats = g.add("Cast", [numbers], to=TensorProto.FLOAT)[0]
    column = g.add("Reshape", [floats, g.constant(np.array([-1] + [1] * (len(g.shape) - 1)))])[0]
    return g.add("Add", [g.at, column])[0]


def _per_count(g: Growing) -> str:
    """Divide by the size of the first axis: by the number of images."""
    size = g.add("Gather", [g.add("Shape", [g.at])[0], g.constant(np.array([0]))], axis=0)[0]
    return g.add("Div", [g.at, g.add("Cast", [size], to=TensorProto.FLOAT)[0]])[0]


def _grown(g: Growing) -> str:
    """Add ones of a shape that is read from the tensor: the same for every image."""
    ones = g.add("ConstantOfShape", [g.add("Shape", [g.at])[0]])[0]
    return g.add("Sub", [g.at, g.add("Cos", [ones])[0]])[0]


def _kept_rows(g: Growing) -> str | None:
    """Keep the rows whose largest value is positive: as many as there are."""
    if len(g.shape) < 2:
        return None
    largest = g.add("ReduceMax", [g.at], axes=list(range(1, len(g.shape))), keepdims=0)[0]
    good = g.add("Greater", [largest, g.constant(np.float32(0))])[0]
    return g.add("Compress", [g.at, good], axis=0)[0]


def _conv(g: Growing) -> str:
    return g.add("Conv", [g.at, g.random(4, g.shape[1], 3, 3)], pads=[1, 1, 1, 1])[0]


def _pool(g: Growing) -> str:
    return g.add("MaxPool", [g.at], kernel_shape=[2, 2], strides=[2, 2])[0]


STEPS: list[Step] = [
    _unary("Sigmoid"), _unary("Abs"), _transpose, _transpose, _reshape, _reshape, _reshape, _reduce, _reduce, _centered,
    _pairs, _pairs, _beside, _top, _at_the_largest, _squeeze, _unsqueeze, _gather, _dense, _dense, _by_itself, _gemm,
    _norm, _slice, _pad, _tile, _numbered, _per_count, _grown, _kept_rows, _conv, _pool, _along("Softmax"),
    _along("LpNormalization", p=2), _unary("GlobalAveragePool"), _unary("InstanceNormalization"),
]  # fmt: skip


def random_graph(seed: int, *, steps: int = 5) -> Growing:
    """Return a graph of a convolution, an activation, and some random steps."""
    graph = Growing(seed)
    graph.at = graph.add("Conv", ["x", graph.random(4, 3, 3, 3)], pads=[1, 1, 1, 1])[0]
    graph.at = graph.add("Softplus", [graph.at])[0]
    graph.shape = (1, 4, *IMAGE[1:])
    taken = 0
    while taken < steps:
        taken += graph.grow()
    return graph
