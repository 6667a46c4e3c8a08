"""Conv."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.builder import Builder
from inspector.grad.convolution import input_gradient, read_window
from inspector.grad.rule import Gradients, operand, rule


@rule("Conv")
def conv(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = transposed convolution of gy with the same filters."""
    x, w = operand(node, 0), operand(node, 1)
    spatial = range(2, b.rank(x))
    channels, *inputs = b.sizes(x, 1, *spatial)
    outputs = b.sizes(node.outputs[0], *spatial)
    window = read_window(node, kernel=b.sizes(w, *spatial), inputs=inputs, outputs=outputs)
    gx = input_gradient(
        b,
        gy,
        weight=b.saved(w),
        array=b.array(w),
        window=window,
        group=node.attributes.get_int("group", 1) or 1,
        channels=channels,
        inputs=inputs,
        outputs=outputs,
    )
    return [gx] + [None] * (len(node.inputs) - 1)
