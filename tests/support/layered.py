"""Random small networks of windows, joins and branches, as incremental inference meets them."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import onnx

from tests.support.graphs import model, node


class Layered:
    """A network over maps that grows layer by layer; all maps of one size are kept, to be joined."""

    def __init__(self, seed: int, *, space: int = 2, channels: int = 3) -> None:
        self.rng = np.random.default_rng(seed)
        self.space = space
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}
        self.image = (channels, *(int(side) for side in self.rng.integers(13, 24, space)))
        self.at, self.channels = "x", channels
        self.beside: str | None = None
        """A map of the same size as the one that the next layer reads."""

    def proto(self, *outputs: str, batch: int | str = "n", opset: int = 17) -> onnx.ModelProto:
        return model(
            self.nodes, shape=(batch, *self.image), weights=self.weights, outputs=outputs, opset=opset
        )

    def add(self, op_type: str, inputs: list[str], outputs: int = 1, **attributes: Any) -> str:
        names = [f"t{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(node(op_type, inputs, names, **attributes))
        return names[0]

    def constant(self, array: Any) -> str:
        name = f"k{len(self.weights)}"
        self.weights[name] = np.asarray(array)
        return name

    def random(self, *shape: int) -> str:
        return self.constant((self.rng.standard_normal(shape) / np.sqrt(prod(shape[1:]))).astype(np.float32))

    def integers(self, low: int, high: int) -> list[int]:
        return [int(one) for one in self.rng.integers(low, high + 1, self.space)]

    def border(self, kernel: list[int]) -> dict[str, Any]:
        """Return padding of one kind or another."""
        kind = int(self.rng.integers(4))
        if kind == 0:
            return {"auto_pad": str(self.rng.choice(["SAME_UPPER", "SAME_LOWER"]))}
        if kind == 1:
            return {}
        ends = [int(self.rng.integers(0, max(1, size))) for size in (*kernel, *kernel)]
        return {"pads": ends}

    def grow(self) -> None:
        before = self.at
        LAYERS[int(self.rng.integers(len(LAYERS)))](self)
        if self.rng.random() < 0.4:
            self.at = self.add("Relu", [self.at])
        self.beside = before


def _convolution(net: Layered) -> None:
    kernel = net.integers(1, 4)
    groups = net.channels if net.rng.random() < 0.3 else 1
    made = net.channels if groups > 1 else int(net.rng.integers(2, 6))
    filters = net.random(made, net.channels // groups, *kernel)
    border = net.border(kernel)
    dilations = [1] * net.space if "auto_pad" in border else net.integers(1, 2)
    net.at = net.add(
        "Conv",
        [net.at, filters, net.random(made)],
        strides=net.integers(1, 2),
        dilations=dilations,
        group=groups,
        **border,
    )
    net.channels = made


def _pool(net: Layered) -> None:
    kernel = net.integers(2, 3)
    border = net.border(kernel)
    more: dict[str, Any] = {"ceil_mode": int(net.rng.integers(2))} if "auto_pad" not in border else {}
    if net.rng.random() < 0.5:
        net.at = net.add(
            "MaxPool", [net.at], kernel_shape=kernel, strides=net.integers(1, 2), **border, **more
        )
    else:
        net.at = net.add(
            "AveragePool",
            [net.at],
            kernel_shape=kernel,
            strides=net.integers(1, 2),
            count_include_pad=int(net.rng.integers(2)),
            **border,
            **more,
        )


def _residual(net: Layered) -> None:
    inner = net.add(
        "Conv", [net.at, net.random(net.channels, net.channels, *[3] * net.space)], pads=[1] * 2 * net.space
    )
    net.at = net.add("Add", [inner, net.at] if net.rng.random() < 0.5 else [net.at, inner])


def _branches(net: Layered) -> None:
    wide = net.add("Conv", [net.at, net.random(2, net.channels, *[5] * net.space)], pads=[2] * 2 * net.space)
    narrow = net.add("Conv", [net.at, net.random(3, net.channels, *[1] * net.space)])
    pooled = net.add("MaxPool", [net.at], kernel_shape=[3] * net.space, pads=[1] * 2 * net.space)
    net.at = net.add("Concat", [wide, narrow, pooled], axis=1)
    net.channels += 5


def gate(net: Layered) -> None:
    """Squeeze and excitation: what comes after it sees the whole image."""
    mean = net.add("GlobalAveragePool", [net.at])
    gate = net.add(
        "Sigmoid", [net.add("Conv", [mean, net.random(net.channels, net.channels, *[1] * net.space)])]
    )
    net.at = net.add("Mul", [net.at, gate])


def _pointwise(net: Layered) -> None:
    ones = [1] * net.space
    kind = int(net.rng.integers(6))
    if kind == 0:
        net.at = net.add("Mul", [net.at, net.add("Sigmoid", [net.at])])
    elif kind == 1:
        net.at = net.add("Add", [net.random(net.channels, *ones), net.at])
    elif kind == 2:
        net.at = net.add("LeakyRelu", [net.at], alpha=0.2)
    elif kind == 3:
        net.at = net.add("Softmax", [net.at], axis=1)
    elif kind == 4:
        net.at = net.add("PRelu", [net.at, net.random(net.channels, *ones)])
    else:
        parameters = [
            net.constant(net.rng.uniform(0.5, 1.5, net.channels).astype(np.float32)) for _ in range(4)
        ]
        net.at = net.add("BatchNormalization", [net.at, *parameters])


def _bordered(net: Layered) -> None:
    """A border of its own node, as TensorFlow's exporters write it, before a convolution without one."""
    pads = [0, 0, *net.integers(0, 2), 0, 0, *net.integers(0, 2)]
    value = net.constant(np.float32(net.rng.choice([0.0, 0.7])))
    net.at = net.add("Pad", [net.at, net.constant(np.array(pads)), value])
    net.at = net.add(
        "Conv", [net.at, net.random(4, net.channels, *[3] * net.space)], strides=net.integers(1, 2)
    )
    net.channels = 4


def _sliced(net: Layered) -> None:
    """Every second row and column, put side by side as channels (Focus); or a cut-out."""
    axes = net.constant(np.arange(2, 2 + net.space))
    ends = net.constant(np.full(net.space, 2**31))
    if net.rng.random() < 0.5:
        begin, paces = (net.constant(np.array(net.integers(*span))) for span in ((0, 2), (1, 2)))
        net.at = net.add("Slice", [net.at, begin, ends, axes, paces])
        return
    twos = net.constant(np.full(net.space, 2))
    even = net.add("MaxPool", [net.at], kernel_shape=[2] * net.space)  # so that all slices are equally large
    found = [
        net.add("Slice", [even, *(net.constant(np.full(net.space, at)) for at in (first, last)), axes, twos])
        for first, last in ((0, -1), (1, 2**31))
    ]
    net.at = net.add("Concat", found, axis=1)
    net.channels *= 2


def _placed(net: Layered) -> None:
    """What is joined with something that differs from place to place, or is moved: no part goes its own way."""
    net.at = net.add("InstanceNormalization", [net.at, net.random(net.channels), net.random(net.channels)])


def _turned(net: Layered) -> None:
    """Channels last for a while, with a dense layer over the channels."""
    axes = range(2, 2 + net.space)
    last = net.add("Transpose", [net.at], perm=[0, *axes, 1])
    scaled = net.add(
        "LayerNormalization", [last, net.random(net.channels), net.random(net.channels)], axis=-1
    )
    dense = net.add("Add", [net.add("MatMul", [scaled, net.random(net.channels, 5)]), net.random(5)])
    net.at = net.add("Transpose", [dense], perm=[0, net.space + 1, *range(1, net.space + 1)])
    net.channels = 5


LAYERS: list[Callable[[Layered], None]] = [
    _convolution, _convolution, _convolution, _pool, _pool, _residual, _branches, _branches, gate, _pointwise,
    _pointwise, _bordered, _sliced, _sliced, _placed, _turned,
]  # fmt: skip


def layered(seed: int, *, layers: int = 5, space: int = 2) -> Layered:
    """Return a network, with a dense end that answers four numbers."""
    net = Layered(seed, space=space)
    for _ in range(layers):
        kept = list(net.nodes), dict(net.weights), net.at, net.channels
        try:
            net.grow()
            onnx.shape_inference.infer_shapes(net.proto(net.at), strict_mode=True, check_type=True)
            _require_places(net)
        except (onnx.shape_inference.InferenceError, ValueError):
            net.nodes, net.weights, net.at, net.channels = kept
    return net


def _require_places(net: Layered) -> None:
    found = onnx.shape_inference.infer_shapes(net.proto(net.at)).graph.output[0].type.tensor_type.shape.dim
    if any(dim.dim_value < 1 for dim in found[2:]):
        raise ValueError("nothing is left")
