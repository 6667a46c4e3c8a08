"""Normalizations by fixed statistics, and over windows of channels: BatchNormalization (inference) and LRN."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.scaling import scaled
from inspector.operators.attributes import flag, integer, number


@rule("BatchNormalization")
def batch_normalization(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy · scale/√(var + ε), channel by channel (the statistics are constants at inference)."""
    if flag(node, "training_mode"):
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a BatchNormalization in training mode: its output depends on the whole batch. "
            "Export the model in inference mode (model.eval())."
        )
    scale, variance = operand(node, 1), operand(node, 4)
    epsilon = number(node, "epsilon")
    # Until opset 9, spatial=0 gives every element of an image statistics of its own.
    shape = [1, *b.sizes(scale, *range(b.rank(scale)))]
    shape += [1] * (b.rank(operand(node, 0)) - len(shape))
    known_scale, known_variance = b.array(scale), b.array(variance)
    if known_scale is not None and known_variance is not None:
        with np.errstate(
            invalid="ignore", divide="ignore"
        ):  # a broken variance gives what it gives on the way there
            factor = known_scale.astype(np.float64) / np.sqrt(known_variance.astype(np.float64) + epsilon)
        gain = b.constant(factor.reshape(shape))
    else:
        deviation = b.op("Sqrt", b.op("Add", b.saved(variance), b.constant(epsilon)))
        gain = b.op("Reshape", b.op("Div", b.saved(scale), deviation), b.ints(shape))
    return [scaled(b, gy, gain), *[None] * (len(node.inputs) - 1)]


@rule("LRN")
def lrn(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y_i = x_i·s_i^−β, s_i = bias + α/n·Σ_window x_j² (Krizhevsky et al. 2012, §3.3).

    gx_i = gy_i·s_i^−β − 2αβ/n · x_i · Σ_{j: i in window(j)} gy_j·x_j·s_j^(−β−1)
    """
    x = b.saved(operand(node, 0))
    size = integer(node, "size")
    alpha = number(node, "alpha")
    beta = number(node, "beta")
    bias = number(node, "bias")
    below, above = (size - 1) // 2, size // 2
    energy = _channel_mean(b, node, b.op("Mul", x, x), size=size, below=below, above=above)
    s = b.op("Add", b.op("Mul", energy, b.constant(alpha)), b.constant(bias))
    direct = b.op("Mul", gy, b.op("Pow", s, b.constant(-beta)))
    spread = b.op("Div", b.op("Mul", direct, x), s)
    # The windows that hold channel i are those of the channels within the mirrored window.
    shared = _channel_mean(b, node, spread, size=size, below=above, above=below)
    indirect = b.op("Mul", b.op("Mul", x, shared), b.constant(2 * alpha * beta))
    return [b.op("Sub", direct, indirect)]


def _channel_mean(
    b: Builder, node: ir.Node, value: ir.Value, *, size: int, below: int, above: int
) -> ir.Value:
    """Mean over a window of channels, zeros beyond the ends: an average pooling along the channel axis."""
    channels, *spatial = b.sizes(operand(node, 0), *range(1, b.rank(operand(node, 0))))
    rows = b.op("Reshape", value, b.ints([-1, 1, channels, int(np.prod(spatial))]))
    mean = b.op("AveragePool", rows, kernel_shape=[size, 1], pads=[below, 0, above, 0], count_include_pad=1)
    return b.op("Reshape", mean, b.ints([-1, channels, *spatial]))
