"""Poolings: MaxPool, AveragePool and the global ones."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from inspector.grad.builder import Array, Builder
from inspector.grad.convolution import Window, input_gradient, read_window
from inspector.grad.rule import Gradients, operand, rule


@rule("MaxPool")
def max_pool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[switch] += gy: unpooling by the switches (Zeiler & Fergus 2014, §2.1); overlapping windows add."""
    x = operand(node, 0)
    size = math.prod(b.sizes(x, *range(1, b.rank(x))))
    signal = b.op("Flatten", gy, axis=1)
    shape = b.op("Shape", signal)
    places = _places_in_image(b, b.op("Flatten", b.switches(node), axis=1), size)
    empty = b.op(
        "ConstantOfShape",
        b.op("Concat", b.op("Slice", shape, b.ints([0]), b.ints([1])), b.ints([size]), axis=0),
        value=ir.tensor(np.zeros(1, b.numpy_dtype)),
    )
    unpooled = b.op("ScatterElements", empty, b.op("Expand", places, shape), signal, axis=1, reduction="add")
    return [b.op("Reshape", unpooled, b.shape_like(x))]


def _places_in_image(b: Builder, switches: ir.Value, size: int) -> ir.Value:
    """Take from (N, P) indices that count through the whole batch the start of each image: they address one image."""
    images = b.op("Squeeze", b.op("Shape", switches, start=0, end=1), b.ints([0]))
    starts = b.op("Mul", b.op("Range", b.ints(0), images, b.ints(1)), b.ints(size))
    return b.op("Sub", switches, b.op("Unsqueeze", starts, b.ints([1])))


@rule("AveragePool")
def average_pool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = transposed convolution of gy/count with ones, channel by channel."""
    x = operand(node, 0)
    spatial = range(2, b.rank(x))
    channels, *inputs = b.sizes(x, 1, *spatial)
    outputs = b.sizes(node.outputs[0], *spatial)
    window = read_window(
        node, kernel=node.attributes["kernel_shape"].as_ints(), inputs=inputs, outputs=outputs
    )
    ones = np.ones((channels, 1, *window.kernel), b.numpy_dtype)
    share = b.op("Div", gy, b.constant(_counts(node, window, inputs, outputs)))
    gx = input_gradient(
        b,
        share,
        weight=b.constant(ones),
        array=ones,
        window=window,
        group=channels,
        channels=channels,
        inputs=inputs,
        outputs=outputs,
    )
    return [gx]


def _counts(node: ir.Node, window: Window, inputs: list[int], outputs: list[int]) -> Array:
    """How many elements each window averages over, shaped to broadcast over (N, C, *outputs)."""
    n = len(inputs)
    with_padding = bool(node.attributes.get_int("count_include_pad", 0))
    declared = _declared_pads(node, window)
    counts = np.ones((), np.int64)
    for axis in range(n):
        begin = window.pads[axis]
        low = -begin if with_padding else 0
        # Padding counts only as far as it was asked for: what ceil_mode hangs over the end does not.
        high = inputs[axis] + (declared[n + axis] if with_padding else 0)
        starts = np.arange(outputs[axis]) * window.strides[axis] - begin
        taps = starts[:, None] + np.arange(window.kernel[axis]) * window.dilations[axis]
        inside = ((taps >= low) & (taps < high)).sum(axis=1)
        counts = np.multiply.outer(counts, inside)
    return counts[None, None]


def _declared_pads(node: ir.Node, window: Window) -> list[int]:
    if "pads" in node.attributes:
        return list(node.attributes["pads"].as_ints())
    same = (node.attributes.get_string("auto_pad", "NOTSET") or "").startswith("SAME")
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
    return [b.op("Reshape", b.op("Mul", signal, b.op("Cast", hot, to=b.dtype)), b.shape_like(x))]
