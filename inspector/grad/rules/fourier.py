"""The discrete Fourier transform, whole and in frames."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import Gradients, operand, optional, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer
from inspector.operators.domains import opset_among
from inspector.types.arrays import Array


@rule("DFT", since=17)
def fourier_transform(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = F·x with a symmetric F: gx = F*·gy, which is n times the inverse transform (and F·gy/n of the inverse).

    A part that was left out (the other side of a real signal's spectrum, what lies beyond the length) had no weight.
    """
    x, out = operand(node, 0), node.outputs[0]
    axis = _axis(b, node)
    inverse, onesided = integer(node, "inverse"), integer(node, "onesided")
    (given,), (bins,) = b.sizes(x, axis), b.sizes(out, axis)
    if inverse and onesided:
        gx = _of_real_inverse(b, gy, bins, axis=axis, rank=b.rank(x))
        return [_resized(b, gx, bins // 2 + 1, given, axis=axis), *[None] * (len(node.inputs) - 1)]
    length = _length(b, node, given)
    gy = _resized(b, gy, bins, length, axis=axis)
    gx = b.op("DFT", gy, axis=axis, inverse=0 if inverse else 1)
    gx = b.op("Mul", gx, b.constant(1 / length if inverse else length))
    gx = _resized(b, gx, length, given, axis=axis)
    if b.sizes(x, b.rank(x) - 1) == [
        1
    ]:  # a real signal: the gradient of its missing imaginary part is left out
        gx = b.op("Slice", gx, b.ints([0]), b.ints([1]), b.ints([-1]))
    return [gx, *[None] * (len(node.inputs) - 1)]


def _of_real_inverse(b: Builder, gy: ir.Value, length: int, *, axis: int, rank: int) -> ir.Value:
    """The inverse to a real signal counts each bin once for itself and once for its mirror image, if it has one."""
    counts = np.full(length // 2 + 1, 2.0)
    counts[0] = 1
    if length % 2 == 0:
        counts[-1] = 1
    shape = [1] * rank
    shape[axis] = len(counts)
    return b.op("Mul", b.op("DFT", gy, axis=axis, onesided=1), b.constant(counts.reshape(shape) / length))


def _resized(b: Builder, value: ir.Value, size: int, wanted: int, *, axis: int) -> ir.Value:
    """Cut off or fill with zeros at the end of an axis."""
    if wanted < size:
        return b.op("Slice", value, b.ints([0]), b.ints([wanted]), b.ints([axis]))
    if wanted > size:
        return b.op("Pad", value, b.ints([0, wanted - size]), None, b.ints([axis]))
    return value


def _axis(b: Builder, node: ir.Node) -> int:
    """Read the axis: an attribute (1 by default), an input (the one before the last by default) since 20."""
    rank = b.rank(operand(node, 0))
    array = _constant(b, node, 2, "axis")
    since_20 = node.graph is not None and opset_among(node.graph.opset_imports, default=17) >= 20
    default = -2 if since_20 else integer(node, "axis")
    axis = (default if array is None else int(array.reshape(-1)[0])) % rank
    if axis == 0:
        b.mix_batch()
    return axis


def _length(b: Builder, node: ir.Node, default: int) -> int:
    array = _constant(b, node, 1, "length")
    return default if array is None else int(array.reshape(-1)[0])


@rule("STFT", since=17)
def short_time_fourier_transform(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y[f, k] = Σ_n w[n]·x[f·step + n]·exp(−2πi·k·n/N): gx = the frames of gy transformed back, overlapping ones added.

    That is a transposed convolution of gy, its bins as channels, with the windowed waves.
    """
    x = operand(node, 0)
    step, window, given = (
        _constant(b, node, index, what)
        for index, what in ((1, "frame step"), (2, "window"), (3, "frame length"))
    )
    if step is None:
        raise ValueError(f"STFT {node.name!r} has no frame step.")
    if given is not None:
        length = int(given.reshape(-1)[0])
    elif window is not None:
        length = window.size
    else:
        raise ValueError(f"STFT {node.name!r} has neither a window nor a frame length.")
    is_plain = b.rank(x) == 2
    samples, parts = (*b.sizes(x, 1), 1) if is_plain else b.sizes(x, 1, 2)
    frames, bins = b.sizes(node.outputs[0], 1, 2)
    angles = 2 * np.pi * np.outer(np.arange(bins), np.arange(length)) / length
    scale = np.ones(length) if window is None else np.asarray(window, np.float64)
    cosine, sine = np.cos(angles) * scale, -np.sin(angles) * scale
    waves = np.stack([np.stack([cosine, -sine], 1), np.stack([sine, cosine], 1)], 1)  # (bins, of y, of x, N)
    signal = b.op("Transpose", gy, perm=[0, 2, 3, 1])
    channels = b.op("Reshape", signal, b.ints([0, 2 * bins, frames]))
    hop = int(step.reshape(-1)[0])
    filters = b.constant(waves[:, :, :parts].reshape(2 * bins, parts, length))
    added = b.op("ConvTranspose", channels, filters, strides=[hop], kernel_shape=[length])
    gx = b.op("Transpose", added, perm=[0, 2, 1])
    gx = _resized(b, gx, (frames - 1) * hop + length, samples, axis=1)
    return [b.op("Reshape", gx, b.shape_like(x)) if is_plain else gx, *[None] * (len(node.inputs) - 1)]


def _constant(b: Builder, node: ir.Node, index: int, what: str) -> Array | None:
    given = optional(node, index)
    array = b.array(given)
    if given is not None and array is None:
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a {node.op_type} with a computed {what}, for which its backward rule is not "
            "written. Export it with constants (constant folding)."
        )
    return array
