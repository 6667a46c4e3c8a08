"""A second implementation of deconvnet and guided backpropagation: slow, short, in NumPy, written from the papers.

Zeiler & Fergus 2014, §2.1: a deconvnet goes down through the layers that a convnet went up, and at each layer
(i) unpools: every value returns to the place of the maximum that the switch recorded, (ii) rectifies: max(R, 0), and
(iii) filters: convolves with the same filters, transposed. Springenberg et al. 2015, §3: guided backpropagation keeps
what is positive in the signal *and* was positive on the way up. Everything linear hands the signal back by its
transpose; local response normalization by its Jacobian.

One image without a batch axis, float64, a loop wherever the formula has an index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import onnx
from onnx import numpy_helper

Array = np.ndarray
Rectifier = Callable[[Array, Array, float], Array]


class Replica:
    """A convnet that is read from ONNX, and its way back down."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        self._weights = {t.name: numpy_helper.to_array(t).astype(np.float64) for t in proto.graph.initializer}
        self._input = next(i.name for i in proto.graph.input if i.name not in self._weights)
        self._nodes = [node for node in map(_Node, proto.graph.node) if not self._is_weight(node)]

    def _is_weight(self, node: _Node) -> bool:
        """Return whether a node gives a constant, and keep it."""
        if node.op_type == "Constant":
            self._weights[node.output] = numpy_helper.to_array(node.attributes["value"]).astype(np.float64)
        elif node.op_type == "Reshape" and all(name in self._weights for name in node.inputs):
            array, shape = (self._weights[name] for name in node.inputs)
            self._weights[node.output] = array.reshape(shape.astype(int))
        return node.output in self._weights

    def below(self, tensor: str) -> Replica:
        """Keep only what a tensor is made of; of a Reshape, not how its shape was computed."""
        needed, kept = {tensor}, []
        for node in reversed(self._nodes):
            if node.output in needed:
                needed.update(node.inputs[:1] if node.op_type == "Reshape" else node.inputs)
                kept.append(node)
        self._nodes = kept[::-1]
        return self

    def forward(self, image: Array) -> dict[str, Array]:
        """Return all tensors of one (C, H, W) or (H, W, C) image."""
        values = {self._input: image.astype(np.float64)}
        for node in self._nodes:
            inputs = [values.get(name, self._weights.get(name)) for name in node.inputs]
            values[node.output] = _UP[node.op_type](node, *inputs)
        return values

    def project(self, values: Mapping[str, Array], tensor: str, signal: Array, *, policy: str) -> Array:
        """Bring a signal at a tensor down to the image."""
        signals = {name: np.zeros_like(value) for name, value in values.items()}
        signals[tensor] = signal
        for node in reversed(self._nodes):
            inputs = [values.get(name, self._weights.get(name)) for name in node.inputs]
            if node.op_type in _SLOPES:
                slope = _SLOPES[node.op_type](node, *inputs)
                down = [_RECTIFIERS[policy](signals[node.output], slope)]
            else:
                down = _DOWN[node.op_type](node, signals[node.output], values[node.output], *inputs)
            for name, part in zip(node.inputs, down, strict=False):
                if name in signals:
                    signals[name] = signals[name] + part
        return signals[self._input]


class _Node:
    def __init__(self, node: onnx.NodeProto) -> None:
        self.op_type = node.op_type
        self.inputs = list(node.input)
        self.output = node.output[0]
        self.attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}

    def pair(self, name: str, default: int) -> tuple[int, int]:
        return tuple(self.attributes.get(name, (default, default)))

    @property
    def pads(self) -> list[int]:
        if self.attributes.get("auto_pad") == b"SAME_UPPER":
            assert self.pair("strides", 1) == (1, 1)
            before = [(size - 1) // 2 for size in self.pair("kernel_shape", 1)]
            return before + [size // 2 for size in self.pair("kernel_shape", 1)]
        return list(self.attributes.get("pads", (0, 0, 0, 0)))


_RECTIFIERS = {
    "deconvnet": lambda signal, slope: np.maximum(signal, 0),
    "guided": lambda signal, slope: np.maximum(signal, 0) * slope,
    "open": lambda signal, slope: signal,
}


def _between(
    node: _Node, x: Array, low: Array | None = None, high: Array | None = None
) -> tuple[float, float]:
    low = node.attributes.get("min", -np.inf) if low is None else low
    high = node.attributes.get("max", np.inf) if high is None else high
    return float(low), float(high)


def _clip_slope(node: _Node, x: Array, *bounds: Array) -> Array:
    low, high = _between(node, x, *bounds)
    return (x > low) & (x < high)


_SLOPES: dict[str, Callable[..., Array]] = {
    "Relu": lambda node, x: x > 0,
    "LeakyRelu": lambda node, x: np.where(x > 0, 1.0, node.attributes.get("alpha", 0.01)),
    "Clip": _clip_slope,
}


def _windows(
    node: _Node, size: tuple[int, ...], kernel: tuple[int, int]
) -> Iterator[tuple[int, int, slice, slice]]:
    """Yield every output place with the window that it sees in the padded (C, H, W) image."""
    (sy, sx), (dy, dx) = node.pair("strides", 1), node.pair("dilations", 1)
    spans = dy * (kernel[0] - 1) + 1, dx * (kernel[1] - 1) + 1
    for row, top in enumerate(range(0, size[1] - spans[0] + 1, sy)):
        for column, left in enumerate(range(0, size[2] - spans[1] + 1, sx)):
            yield row, column, slice(top, top + spans[0], dy), slice(left, left + spans[1], dx)


def _padded(node: _Node, x: Array, value: float) -> Array:
    top, left, bottom, right = node.pads
    return np.pad(x, ((0, 0), (top, bottom), (left, right)), constant_values=value)


def _unpadded(node: _Node, x: Array) -> Array:
    top, left, bottom, right = node.pads
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def _slide(
    node: _Node, x: Array, kernel: tuple[int, int], channels: int, answer: Callable[[Array], Array]
) -> Array:
    """Return the (channels, rows, columns) of what every window answers; `x` is padded."""
    found = {(row, column): answer(x[:, ys, xs]) for row, column, ys, xs in _windows(node, x.shape, kernel)}
    rows, columns = max(found)
    y = np.zeros((channels, rows + 1, columns + 1))
    for (row, column), vector in found.items():
        y[:, row, column] = vector
    return y


def _conv(node: _Node, x: Array, w: Array, bias: Array | None = None) -> Array:
    groups = _groups(node, w)

    def answer(window: Array) -> Array:
        parts = groups @ window.reshape(len(groups), -1, 1)
        return parts.ravel() + (0 if bias is None else bias)

    return _slide(node, _padded(node, x, 0), w.shape[2:], len(w), answer)


def _conv_down(
    node: _Node, signal: Array, y: Array, x: Array, w: Array, bias: Array | None = None
) -> list[Array]:
    groups = _groups(node, w)
    down = np.zeros_like(_padded(node, x, 0))
    for row, column, ys, xs in _windows(node, down.shape, w.shape[2:]):
        parts = signal[:, row, column].reshape(len(groups), 1, -1) @ groups
        down[:, ys, xs] += parts.reshape(-1, *w.shape[2:])
    return [_unpadded(node, down)]


def _groups(node: _Node, w: Array) -> Array:
    """Return the filters as a matrix (outputs, inputs of a window) per group."""
    group = node.attributes.get("group", 1)
    return w.reshape(group, len(w) // group, -1)


def _max_pool(node: _Node, x: Array) -> Array:
    kernel = node.pair("kernel_shape", 1)
    return _slide(node, _padded(node, x, -np.inf), kernel, len(x), lambda window: window.max(axis=(1, 2)))


def _max_pool_down(node: _Node, signal: Array, y: Array, x: Array) -> list[Array]:
    wide = _padded(node, x, -np.inf)
    down = np.zeros_like(wide)
    for row, column, ys, xs in _windows(node, wide.shape, node.pair("kernel_shape", 1)):
        for channel in range(len(x)):
            window = wide[channel, ys, xs]
            switch = np.unravel_index(window.argmax(), window.shape)
            down[channel, ys, xs][switch] += signal[channel, row, column]
    return [_unpadded(node, down)]


def _shares(node: _Node, x: Array) -> Array:
    """Return 1 where a pixel counts for an average: everywhere, or only inside the image."""
    return _padded(node, np.ones_like(x), float(node.attributes.get("count_include_pad", 0)))


def _average_pool(node: _Node, x: Array) -> Array:
    kernel = node.pair("kernel_shape", 1)
    totals = _slide(node, _padded(node, x, 0), kernel, len(x), lambda window: window.sum(axis=(1, 2)))
    return totals / _slide(node, _shares(node, x), kernel, len(x), lambda window: window.sum(axis=(1, 2)))


def _average_pool_down(node: _Node, signal: Array, y: Array, x: Array) -> list[Array]:
    shares = _shares(node, x)
    down = np.zeros_like(shares)
    for row, column, ys, xs in _windows(node, shares.shape, node.pair("kernel_shape", 1)):
        for channel in range(len(x)):
            down[channel, ys, xs] += signal[channel, row, column] / shares[channel, ys, xs].sum()
    return [_unpadded(node, down)]


def _lrn_scale(node: _Node, x: Array) -> Array:
    size, alpha = node.attributes["size"], node.attributes.get("alpha", 1e-4)
    scale = np.full_like(x, node.attributes.get("bias", 1.0))
    for i in range(len(x)):
        for j in _neighbors(node, i, len(x)):
            scale[i] += alpha / size * x[j] ** 2
    return scale


def _neighbors(node: _Node, channel: int, channels: int) -> range:
    half = node.attributes["size"] // 2  # sizes are odd
    return range(max(0, channel - half), min(channels, channel + half + 1))


def _lrn(node: _Node, x: Array) -> Array:
    return x / _lrn_scale(node, x) ** node.attributes.get("beta", 0.75)


def _lrn_down(node: _Node, signal: Array, y: Array, x: Array) -> list[Array]:
    size, alpha, beta = (
        node.attributes["size"],
        node.attributes.get("alpha", 1e-4),
        node.attributes.get("beta", 0.75),
    )
    scale = _lrn_scale(node, x)
    down = np.zeros_like(x)
    for i in range(len(x)):
        for j in _neighbors(node, i, len(x)):
            jacobian = -2 * alpha * beta / size * x[i] * x[j] * scale[i] ** (-beta - 1)
            down[j] += signal[i] * (jacobian + (scale[i] ** -beta if i == j else 0))
    return [down]


def _gemm(node: _Node, x: Array, w: Array, bias: Array) -> Array:
    return (w if node.attributes.get("transB") else w.T) @ x + bias


def _gemm_down(node: _Node, signal: Array, y: Array, x: Array, w: Array, bias: Array) -> list[Array]:
    return [signal @ (w if node.attributes.get("transB") else w.T)]


def _edges(pads: Array) -> list[tuple[int, int]]:
    low, high = np.split(pads.astype(int), 2)
    return list(zip(low, high, strict=True))[1:]  # none at the batch axis


def _pad_down(node: _Node, signal: Array, y: Array, x: Array, pads: Array, *value: Array) -> list[Array]:
    return [
        signal[tuple(slice(low, low + size) for (low, _), size in zip(_edges(pads), x.shape, strict=True))]
    ]


def _add(node: _Node, a: Array, b: Array) -> Array:
    rank = min(a.ndim, b.ndim)  # a constant may have the batch axis
    return a.reshape(a.shape[-rank:] if a.size < b.size else a.shape) + b.reshape(
        b.shape[-rank:] if b.size <= a.size else b.shape
    )


def _normalize(node: _Node, x: Array, scale: Array, shift: Array, mean: Array, variance: Array) -> Array:
    shape = (-1, *[1] * (x.ndim - 1))
    scale, shift, mean, variance = (array.reshape(shape) for array in (scale, shift, mean, variance))
    return (x - mean) / np.sqrt(variance + node.attributes.get("epsilon", 1e-5)) * scale + shift


def _normalize_down(
    node: _Node, signal: Array, y: Array, x: Array, scale: Array, *rest: Array
) -> list[Array]:
    gain = scale / np.sqrt(rest[-1] + node.attributes.get("epsilon", 1e-5))
    return [signal * gain.reshape(-1, *[1] * (x.ndim - 1))]


def _transposed(node: _Node) -> list[int]:
    return [axis - 1 for axis in node.attributes["perm"][1:]]  # the batch axis stays first


def _mean(node: _Node, x: Array, *axes: Array) -> Array:
    return x.mean(axis=(1, 2))[:, None, None]


def _mean_down(node: _Node, signal: Array, y: Array, x: Array, *axes: Array) -> list[Array]:
    return [np.broadcast_to(signal.reshape(-1, 1, 1) / x[0].size, x.shape)]


def _concat_down(node: _Node, signal: Array, y: Array, *parts: Array) -> list[Array]:
    return np.split(signal, np.cumsum([len(part) for part in parts])[:-1])


_UP: dict[str, Callable[..., Array]] = {
    "Conv": _conv,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "LRN": _lrn,
    "Gemm": _gemm,
    "Add": _add,
    "MatMul": lambda node, x, w: x @ w,
    "Pad": lambda node, x, pads, *value: np.pad(
        x, _edges(pads), constant_values=float(value[0]) if value else 0
    ),
    "BatchNormalization": _normalize,
    "GlobalAveragePool": _mean,
    "ReduceMean": _mean,
    "Transpose": lambda node, x: x.transpose(_transposed(node)),
    "Dropout": lambda node, x: x,
    "Concat": lambda node, *parts: np.concatenate(parts),
    "Flatten": lambda node, x: x.ravel(),
    "Reshape": lambda node, x, shape: x.ravel(),
    "Relu": lambda node, x: np.maximum(x, 0),
    "LeakyRelu": lambda node, x: x * _SLOPES["LeakyRelu"](node, x),
    "Clip": lambda node, x, *bounds: np.clip(x, *_between(node, x, *bounds)),
}

_DOWN: dict[str, Callable[..., list[Array]]] = {
    "Conv": _conv_down,
    "MaxPool": _max_pool_down,
    "AveragePool": _average_pool_down,
    "LRN": _lrn_down,
    "Gemm": _gemm_down,
    "Add": lambda node, signal, y, *x: [signal, signal],
    "MatMul": lambda node, signal, y, x, w: [w @ signal],
    "Pad": _pad_down,
    "BatchNormalization": _normalize_down,
    "GlobalAveragePool": _mean_down,
    "ReduceMean": _mean_down,
    "Transpose": lambda node, signal, y, x: [signal.transpose(np.argsort(_transposed(node)))],
    "Dropout": lambda node, signal, y, x: [signal],
    "Concat": _concat_down,
    "Flatten": lambda node, signal, y, x: [signal.reshape(x.shape)],
    "Reshape": lambda node, signal, y, x, shape: [signal.reshape(x.shape)],
}
