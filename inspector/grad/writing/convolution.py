"""The gradients of a convolution, which convolutions, their transposes and average poolings share.

For y = w ⋆ x with stride s, dilation d and padding p, ∂/∂x is the convolution of the (zero-stuffed) signal with the
filters flipped and transposed (Zeiler & Fergus 2014, §2.1; Dumoulin & Visin 2016, ch. 4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from inspector.grad.ways.convolution import Layer, Way, way_of
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.enlarging import enlarged
from inspector.grad.writing.scaling import taken_in
from inspector.grad.writing.window import Window
from inspector.types.arrays import Array


def input_gradient(
    b: Builder, gy: ir.Value, layer: Layer, *, weight: ir.Value, array: Array | None, way: Way | None = None
) -> ir.Value:
    """Write the gradient of a convolution's input.

    `weight` is the (M, C/group, *kernel) filter in the backward graph, `array` its value where constant; `way` is the
    one that was measured to be the fastest where none is given.
    """
    if array is None:
        return _transposed(b, gy, layer, weight=weight, group=layer.group)
    way = way or way_of(layer)
    most = _signal_size(layer, array) if way is Way.TRANSPOSED else None
    gy, filters = taken_in(gy, array, most=most)
    if way is Way.TRANSPOSED:
        weight = weight if filters is array else b.constant(filters)
        return _transposed(b, gy, layer, weight=weight, group=layer.group)
    if way is Way.PROJECTED:
        # A projection with a stride: multiply first, then spread the result.
        kernel = list(layer.window.kernel)
        projected = b.op("Conv", gy, b.constant(flip_filters(filters, group=1)), kernel_shape=kernel)
        ones = b.constant(np.ones((layer.channels, 1, *kernel)))
        return _transposed(b, projected, layer, weight=ones, group=layer.channels)
    return b.op(
        "Conv",
        _stuffed(b, gy, layer) if way is Way.STUFFED else gy,
        b.constant(flip_filters(filters, group=layer.group)),
        kernel_shape=list(layer.window.kernel),
        dilations=list(layer.window.dilations),
        pads=list(layer.flipped_pads),
        group=layer.group,
    )


def _signal_size(layer: Layer, array: Array) -> int:
    """Return the elements of one image's signal."""
    return len(array) * math.prod(layer.outputs)


def _transposed(b: Builder, gy: ir.Value, layer: Layer, *, weight: ir.Value, group: int) -> ir.Value:
    window = layer.window
    return b.op(
        "ConvTranspose",
        gy,
        weight,
        kernel_shape=list(window.kernel),
        strides=list(window.strides),
        dilations=list(window.dilations),
        pads=list(window.pads),
        output_padding=list(layer.lost),
        group=group,
    )


def _stuffed(b: Builder, gy: ir.Value, layer: Layer) -> ir.Value:
    """Write step - 1 zeros after every element of the signal: enlarged, then masked."""
    strides, outputs = layer.window.strides, layer.outputs
    lines = [np.arange(o * s) % s == 0 for o, s in zip(outputs, strides, strict=True)]
    mask = np.outer(*lines)[None, None]
    return b.op("Mul", enlarged(b, gy, strides), b.constant(mask))


def weight_gradient(
    b: Builder, x: ir.Value, gy: ir.Value, *, window: Window, group: int, channels: int, sizes: Sequence[int]
) -> ir.Value:
    """Write gw[m, c, k] = Σ_n Σ_o gy[n, m, o]·x[n, c, s·o + d·k − p]: a convolution of x by gy, strides and dilations
    having changed places, images and channels too (Dumoulin & Visin 2016, ch. 4).

    `x` is (N, channels, *sizes), in the backward graph as `gy` is.
    """
    n = len(sizes)
    space = range(2, n + 2)
    if group == 1:
        turned = b.op("Transpose", x, perm=[1, 0, *space])
    else:
        parted = b.op("Reshape", x, b.ints([-1, group, channels // group, *sizes]))
        turned = b.op("Transpose", parted, perm=[2, 1, 0, *range(3, n + 3)])
        turned = b.op("Reshape", turned, b.ints([channels // group, -1, *sizes]))
    product = b.op(
        "Conv",
        turned,
        b.op("Transpose", gy, perm=[1, 0, *space]),
        strides=list(window.dilations),
        dilations=list(window.strides),
        pads=list(window.pads),
        group=group,
    )
    # Where strides rounded sizes away, shifts beyond the kernel fit too.
    cut = b.op("Slice", product, b.ints([0] * n), b.ints(window.kernel), b.ints(list(space)))
    return b.op("Transpose", cut, perm=[1, 0, *space])


def bias_gradient(b: Builder, gy: ir.Value, *, spatial: Sequence[int]) -> ir.Value:
    """Write gb[m] = Σ_n Σ_o gy[n, m, o]."""
    return b.op("ReduceSum", gy, b.ints([0, *spatial]), keepdims=0)


def flip_filters(array: Array, *, group: int) -> Array:
    """Return (C, M/group, *kernel) filters: flipped along space, with inputs and outputs swapped per group."""
    m, c = array.shape[:2]
    grouped = array.reshape(group, m // group, c, *array.shape[2:]).swapaxes(1, 2)
    spatial = tuple(range(3, grouped.ndim))
    return np.flip(grouped, spatial).reshape(group * c, m // group, *array.shape[2:])
