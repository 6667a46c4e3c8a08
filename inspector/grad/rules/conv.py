"""Conv."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.ways.convolution import Layer
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.convolution import bias_gradient, input_gradient, weight_gradient
from inspector.grad.writing.window import read_window
from inspector.operators.attributes import integer


@rule("Conv")
def conv(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = transposed convolution of gy with the same filters; gw = convolution of x by gy (computed filters)."""
    x, w = operand(node, 0), operand(node, 1)
    spatial = range(2, b.rank(x))
    channels, *inputs = b.sizes(x, 1, *spatial)
    outputs = b.sizes(node.outputs[0], *spatial)
    window = read_window(node, kernel=b.sizes(w, *spatial), inputs=inputs, outputs=outputs)
    group = integer(node, "group")
    layer = Layer(window=window, group=group, channels=channels, inputs=tuple(inputs), outputs=tuple(outputs))
    gx = input_gradient(b, gy, layer, weight=b.saved(w), array=b.array(w))
    gradients: list[ir.Value | None] = [gx] + [None] * (len(node.inputs) - 1)
    if any(b.wants(value) for value in node.inputs[1:]):
        b.mix_batch()  # one filter for all images
        gradients[1] = weight_gradient(
            b, b.saved(x), gy, window=window, group=group, channels=channels, sizes=inputs
        )
        gradients[2:] = [bias_gradient(b, gy, spatial=spatial)] * (len(node.inputs) - 2)
    return gradients
