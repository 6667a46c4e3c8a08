"""Poolings: MaxPool and its inverse, AveragePool, LpPool, and the global ones."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.ways import pooling
from inspector.grad.ways.convolution import Layer
from inspector.grad.ways.pooling import Unpooling
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.convolution import input_gradient
from inspector.grad.writing.enlarging import enlarged
from inspector.grad.writing.movement import places_in_image, put_back, total_size
from inspector.grad.writing.unpooling import unpool_apart, unpool_tiled
from inspector.grad.writing.window import Window, read_pooling
from inspector.operators.attributes import flag, integer, optional_integers, text
from inspector.types.arrays import Array

_UNPOOLINGS = {Unpooling.TILED: unpool_tiled, Unpooling.APART: unpool_apart}


@rule("MaxPool")
def max_pool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[switch] += gy: unpooling by the switches (Zeiler & Fergus 2014, §2.1); overlapping windows add."""
    x, y = operand(node, 0), node.outputs[0]
    window, inputs, outputs = read_pooling(b, node)
    unpool = _UNPOOLINGS.get(pooling.way_of(window))
    if unpool is not None:
        return [unpool(b, b.saved(x), b.saved(y), gy, window=window, inputs=inputs, outputs=outputs)]
    size = total_size(b, x, first_axis=1)
    places = places_in_image(b, b.op("Flatten", b.switches(node), axis=1), size)
    return [put_back(b, b.op("Flatten", gy, axis=1), places, x, size=size)]


@rule("MaxUnpool")
def max_unpool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy[indices]."""
    x, indices = operand(node, 0), b.op("Flatten", b.saved(operand(node, 1)), axis=1)
    places = places_in_image(b, indices, total_size(b, node.outputs[0], first_axis=1))
    flat = b.op("Flatten", gy, axis=1)
    seeds = b.op("Shape", flat, start=0, end=1)
    taken = b.op("Expand", places, b.op("Concat", seeds, b.op("Shape", places, start=1), axis=0))
    signal = b.op("GatherElements", flat, taken, axis=1)
    return [b.op("Reshape", signal, b.shape_like(x)), *[None] * (len(node.inputs) - 1)]


@rule("AveragePool")
def average_pool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = transposed convolution of gy/count with ones, channel by channel."""
    window, inputs, outputs = read_pooling(b, node)
    share = b.op("Div", gy, b.constant(_counts(node, window, inputs, outputs)))
    return [_over_windows(b, node, share)]


@rule("LpPool", since=2)
def lp_pool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = sign(x)·|x|ᵖ⁻¹ · transposed convolution of gy/yᵖ⁻¹ with ones."""
    p = integer(node, "p")
    spread = _over_windows(b, node, _share_of_norm(b, node, gy, p))
    return [b.op("Mul", spread, _slope_of_power(b, operand(node, 0), p))]


@rule("GlobalLpPool", since=2)
def global_lp_pool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = sign(x)·|x|ᵖ⁻¹ · gy/yᵖ⁻¹, everywhere."""
    p = integer(node, "p")
    return [b.op("Mul", _share_of_norm(b, node, gy, p), _slope_of_power(b, operand(node, 0), p))]


def _share_of_norm(b: Builder, node: ir.Node, gy: ir.Value, p: int) -> ir.Value:
    """Write gy/yᵖ⁻¹; where the norm is 0, so is everything that it is multiplied with."""
    if p == 1:
        return gy
    y = b.saved(node.outputs[0])
    divisor = b.op("Where", b.op("Equal", y, b.constant(0)), b.constant(1), y)
    return b.op("Div", gy, divisor if p == 2 else b.op("Pow", divisor, b.constant(p - 1)))


def _slope_of_power(b: Builder, x: ir.Value, p: int) -> ir.Value:
    """Write sign(x)·|x|ᵖ⁻¹."""
    saved = b.saved(x)
    if p == 2:
        return saved
    sign = b.op("Sign", saved)
    return sign if p == 1 else b.op("Mul", sign, b.op("Pow", b.op("Abs", saved), b.constant(p - 1)))


def _over_windows(b: Builder, node: ir.Node, share: ir.Value) -> ir.Value:
    """Write the transpose of summing over windows: every element of a window gets the window's share."""
    window, inputs, outputs = read_pooling(b, node)
    window = _trimmed(window, inputs, outputs)
    channels = b.sizes(operand(node, 0), 1)[0]
    if _tiles(window, inputs, outputs):
        return enlarged(b, share, window.kernel)
    layer = Layer(
        window=window, group=channels, channels=channels, inputs=tuple(inputs), outputs=tuple(outputs)
    )
    ones = np.ones((channels, 1, *window.kernel), b.numpy_dtype)
    return input_gradient(b, share, layer, weight=b.constant(ones), array=ones)


def _tiles(window: Window, inputs: list[int], outputs: list[int]) -> bool:
    """Return whether the windows lie side by side over all of a map of two axes."""
    covered = [o * k for o, k in zip(outputs, window.kernel, strict=True)]
    return len(inputs) == 2 and window.kernel == window.strides and covered == inputs and not any(window.pads)


def _trimmed(window: Window, inputs: list[int], outputs: list[int]) -> Window:
    """Return the window without what hangs over the map on both sides: exporters write 1280×1280 for "all"."""
    n = len(inputs)
    kernel, strides, pads = list(window.kernel), list(window.strides), list(window.pads)
    for axis, size in enumerate(inputs):
        covers = window.dilations[axis] == 1 and kernel[axis] - pads[axis] >= size
        if outputs[axis] == 1 and covers:
            kernel[axis], strides[axis], pads[axis], pads[n + axis] = size, 1, 0, 0
    return Window(kernel=tuple(kernel), strides=tuple(strides), dilations=window.dilations, pads=tuple(pads))


def _counts(node: ir.Node, window: Window, inputs: list[int], outputs: list[int]) -> Array:
    """How many elements each window averages over, shaped to broadcast over (N, C, *outputs)."""
    n = len(inputs)
    with_padding = flag(node, "count_include_pad")
    declared = _declared_pads(node, window)
    counts = np.ones((), np.int64)
    for axis in range(n):
        begin = window.pads[axis]
        low = -begin if with_padding else 0
        # Padding counts only as far as it was asked for: what ceil_mode hangs over the end does not.
        high = inputs[axis] + (declared[n + axis] if with_padding else 0)
        starts = np.arange(outputs[axis]) * window.strides[axis] - begin
        first, end = (
            np.clip(-((starts - bound) // window.dilations[axis]), 0, window.kernel[axis])
            for bound in (low, high)
        )
        counts = np.multiply.outer(counts, end - first)
    return counts[None, None]


def _declared_pads(node: ir.Node, window: Window) -> list[int]:
    given = optional_integers(node, "pads")
    if given is not None:
        return list(given)
    same = text(node, "auto_pad").startswith("SAME")
    return list(window.pads) if same else [0] * len(window.pads)


@rule("GlobalAveragePool")
def global_average_pool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy / (H·W), everywhere."""
    x = operand(node, 0)
    spatial = b.sizes(x, *range(2, b.rank(x)))
    share = b.op("Div", gy, b.constant(math.prod(spatial)))
    return [b.op("Expand", share, b.ints([1, 1, *spatial]))]


@rule("GlobalMaxPool")
def global_max_pool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[argmax] = gy: the first maximum takes all."""
    x = operand(node, 0)
    size = math.prod(b.sizes(x, *range(2, b.rank(x))))
    flat = b.op("Reshape", b.saved(x), b.ints([0, 0, -1]))
    first = b.op("ArgMax", flat, axis=2, keepdims=1)
    hot = b.op("Equal", first, b.ints(list(range(size))))
    signal = b.op("Reshape", gy, b.ints([0, 0, 1]))
    return [b.op("Reshape", b.op("Mul", signal, b.to_float(hot)), b.shape_like(x))]
