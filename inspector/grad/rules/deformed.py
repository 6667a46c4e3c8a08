"""DeformConv: a convolution whose taps the image moves (Dai et al. 2017; with a mask: Zhu et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, optional, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.sampling import Corner, corners, linear_taps, read, spread
from inspector.grad.writing.window import Window, read_window
from inspector.operators.attributes import integer


@rule("DeformConv", since=19)
def deform_conv(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = W·(mask·samples), so gsamples = mask·Wᵀ·gy.

    gx = gsamples spread to the corners; goffset = Σ_channels gsamples·slopes; gmask = Σ_channels Wᵀ·gy·samples.
    """
    x, w, offset = (operand(node, index) for index in range(3))
    mask = optional(node, 4)
    spatial = range(2, b.rank(x))
    channels, *sizes = b.sizes(x, 1, *spatial)
    outputs = b.sizes(node.outputs[0], *spatial)
    window = read_window(node, kernel=b.sizes(w, *spatial), inputs=sizes, outputs=outputs)
    parts = integer(node, "offset_group")
    shared = channels // parts
    found = _corners(b, b.saved(offset), window, sizes=sizes, outputs=outputs, parts=parts)
    signal = b.op("Reshape", _unweighted(b, node, gy), b.ints([0, parts, shared, -1]))
    masked = signal
    if mask is not None:
        masked = b.op("Mul", signal, b.op("Reshape", b.saved(mask), b.ints([0, parts, 1, -1])))
    gx = b.op("Reshape", spread(b, masked, found, sizes=sizes), b.shape_like(x))
    gradients: list[ir.Value | None] = [gx] + [None] * (len(node.inputs) - 1)
    flat = b.op("Reshape", b.saved(x), b.ints([0, parts, shared, -1]))
    if b.wants(offset):
        shape = b.ints([0, parts, math.prod(window.kernel), 1, *outputs])
        slopes = [read(b, flat, found, channels=shared, last=3, along=axis) for axis in range(len(sizes))]
        steps = [b.op("Reshape", _over_channels(b, masked, slope), shape) for slope in slopes]
        gradients[2] = b.op("Reshape", b.op("Concat", *steps, axis=3), b.shape_like(offset))
    if mask is not None and b.wants(mask):
        samples = read(b, flat, found, channels=shared, last=3)
        gradients[4] = b.op("Reshape", _over_channels(b, signal, samples), b.shape_like(mask))
    return gradients


def _over_channels(b: Builder, signal: ir.Value, values: ir.Value) -> ir.Value:
    return b.op("ReduceSum", b.op("Mul", signal, values), b.ints([2]), keepdims=0)


def _unweighted(b: Builder, node: ir.Node, gy: ir.Value) -> ir.Value:
    """Write Wᵀ·gy, group by group: (K, groups, channels per group · taps, places)."""
    w, groups = operand(node, 1), integer(node, "group")
    filters, *rest = b.sizes(w, *range(b.rank(w)))
    matrices = b.op("Reshape", b.saved(w), b.ints([groups, filters // groups, math.prod(rest)]))
    signal = b.op("Reshape", gy, b.ints([0, groups, filters // groups, -1]))
    return b.op("MatMul", b.op("Transpose", matrices, perm=[0, 2, 1]), signal)


def _corners(
    b: Builder, offset: ir.Value, window: Window, *, sizes: Sequence[int], outputs: Sequence[int], parts: int
) -> list[Corner]:
    """Return where the taps read, each (N, parts, 1, taps · places)."""
    n, kernel = len(sizes), window.kernel
    moved = b.op("Reshape", offset, b.ints([0, parts, math.prod(kernel), n, -1]))
    taps = []
    for axis, size in enumerate(sizes):
        along_kernel, along_output = [1] * 2 * n, [1] * 2 * n
        along_kernel[axis], along_output[n + axis] = kernel[axis], outputs[axis]
        resting = np.broadcast_to(
            (np.arange(kernel[axis]) * window.dilations[axis]).reshape(along_kernel)
            + (np.arange(outputs[axis]) * window.strides[axis] - window.pads[axis]).reshape(along_output),
            (*kernel, *outputs),
        )
        step = b.op("Reshape", b.op("Gather", moved, b.ints(axis), axis=3), b.ints([0, parts, -1]))
        taps.append(linear_taps(b, b.op("Add", step, b.constant(resting.reshape(1, 1, -1))), size=size))
    return list(corners(b, taps, sizes))
