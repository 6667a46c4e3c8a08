"""ConvTranspose and Col2Im: the transposes of convolution and of cutting windows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.convolution import bias_gradient, weight_gradient
from inspector.grad.writing.movement import cut_axis, replace_axes
from inspector.grad.writing.window import Window, read_window
from inspector.operators.attributes import integer, integers, is_given, text


@rule("ConvTranspose")
def conv_transpose(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = convolution of gy with the same filters, strides and dilations (Dumoulin & Visin 2016, ch. 4).

    gw is that of the convolution from y to x.
    """
    x, w = operand(node, 0), operand(node, 1)
    spatial = range(2, b.rank(x))
    inputs, outputs = b.sizes(x, *spatial), b.sizes(node.outputs[0], *spatial)
    window = read_window(node, kernel=b.sizes(w, *spatial), inputs=outputs, outputs=inputs)
    begins = _begins(node, window, inputs, outputs)
    whole, ends, sizes = gy, [], list(outputs)
    for axis, begin, i, o in zip(spatial, begins, inputs, outputs, strict=True):
        end = (i - 1) * window.strides[axis - 2] + window.extents[axis - 2] - o - begin
        if end < 0:  # output padding: no element of x reaches the last ones
            gy = cut_axis(b, gy, axis=axis, start=0, stop=o + end)
            sizes[axis - 2] = o + end
        ends.append(max(end, 0))
    group = integer(node, "group")
    gx = b.op(
        "Conv",
        gy,
        b.saved(w),
        kernel_shape=list(window.kernel),
        strides=list(window.strides),
        dilations=list(window.dilations),
        pads=[*begins, *ends],
        group=group,
    )
    gradients: list[ir.Value | None] = [gx] + [None] * (len(node.inputs) - 1)
    if any(b.wants(value) for value in node.inputs[1:]):
        b.mix_batch()  # one filter for all images
        backwards = replace(window, pads=(*begins, *ends))
        channels = b.sizes(node.outputs[0], 1)[0]
        gradients[1] = weight_gradient(
            b, gy, b.saved(x), window=backwards, group=group, channels=channels, sizes=sizes
        )
        gradients[2:] = [bias_gradient(b, whole, spatial=spatial)] * (len(node.inputs) - 2)
    return gradients


def _begins(node: ir.Node, window: Window, inputs: list[int], outputs: list[int]) -> list[int]:
    """Return the padding before each axis: given, or half of what the output's size implies."""
    n = len(inputs)
    auto_pad = text(node, "auto_pad")
    if not is_given(node, "output_shape") and not auto_pad.startswith("SAME"):
        pads = list(integers(node, "pads", [0] * n))
        return [0] * n if auto_pad == "VALID" else pads[:n]
    extra = integers(node, "output_padding", [0] * n)
    totals = [
        max((i - 1) * s + e + p - o, 0)
        for i, s, e, p, o in zip(inputs, window.strides, window.extents, extra, outputs, strict=True)
    ]
    return [total // 2 if auto_pad == "SAME_UPPER" else total - total // 2 for total in totals]


@rule("Col2Im")
def col2im(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = the windows of gy, as columns (im2col)."""
    image, block = b.array(node.inputs[1]), b.array(node.inputs[2])
    if image is None or block is None:
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a Col2Im with computed sizes; the backward rule needs constant ones. "
            "Simplify the model at export (constant folding)."
        )
    n, sizes, kernel = len(image), [int(size) for size in image], [int(size) for size in block]
    strides = list(integers(node, "strides", [1] * n))
    dilations = list(integers(node, "dilations", [1] * n))
    pads = list(integers(node, "pads", [0] * 2 * n))
    padded = [size + pads[i] + pads[n + i] for i, size in enumerate(sizes)]
    columns = np.zeros((1, 1), np.int64)
    for axis in range(n):
        steps = (padded[axis] - dilations[axis] * (kernel[axis] - 1) - 1) // strides[axis] + 1
        taps = np.add.outer(np.arange(kernel[axis]) * dilations[axis], np.arange(steps) * strides[axis])
        columns = (columns * padded[axis])[:, None, :, None] + taps[None, :, None, :]
        columns = columns.reshape(columns.shape[0] * columns.shape[1], -1)
    framed = b.op("Pad", gy, b.ints([0, 0, *pads[:n], 0, 0, *pads[n:]]))
    flat = replace_axes(b, framed, 2, 2 + n, [math.prod(padded)])
    windows = b.op("Gather", flat, b.ints(columns.reshape(-1).tolist()), axis=2)
    return [b.op("Reshape", windows, b.shape_like(operand(node, 0))), None, None]
