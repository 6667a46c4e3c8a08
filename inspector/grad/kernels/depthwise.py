"""How gradients of strided depthwise convolutions stand in a backward graph, and the kernel that computes them.

A signal with zeros between its elements is convolved with the flipped filters (inspector.grad.writing.convolution).
Those without strides stay: ONNX Runtime's own convolution is the faster there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.grad.kernels.domain import KernelWriter
from inspector.grad.kernels.reading import array_of, both_ways, made_by
from inspector.operators.attributes import integer, integers, text
from inspector.types.arrays import Array

_AXES = 4
"""Of the maps (N, C, H, W) that the kernel takes."""
_MOST_SIDE = 16
"""Rows and columns of the filters that it takes, and its strides."""
_LARGEST = 1 << 16
"""Rows and columns of what it gives."""


@dataclass(frozen=True, kw_only=True)
class _Stuffed:
    """A signal with zeros after each of its elements, as many as strides have it."""

    signal: ir.Value
    strides: tuple[int, int]
    sizes: tuple[int, int]
    """Rows and columns, with the zeros."""


def replace_depthwise(graph: ir.Graph, writer: KernelWriter) -> None:
    """Let DepthwiseConvTranspose compute the gradients of depthwise convolutions with strides."""
    for node in list(graph):
        flipped = _depthwise_filters(node)
        stuffed = None if flipped is None or node.inputs[0] is None else _stuffed(node.inputs[0])
        if flipped is None or stuffed is None:
            continue
        kernel, pads = flipped.shape[2:], integers(node, "pads", (0,) * 4)
        begins = [side - 1 - pad for side, pad in zip(kernel, pads[:2], strict=True)]
        ends = zip(stuffed.sizes, kernel, pads[:2], pads[2:], strict=True)
        sizes = [size + begin + end - side + 1 for size, side, begin, end in ends]
        if (
            min(begins) < 0
            or min(pads) < 0
            or max(*kernel, *stuffed.strides) > _MOST_SIDE
            or max(sizes) > _LARGEST
        ):
            continue
        writer.replace(
            node.outputs[0],
            "DepthwiseConvTranspose",
            stuffed.signal,
            writer.constant(np.ascontiguousarray(np.flip(flipped, (2, 3)), np.float32)),
            strides=list(stuffed.strides),
            begins=begins,
            sizes=sizes,
        )


def _depthwise_filters(node: ir.Node) -> Array | None:
    """Return the constant (C, 1, *kernel) filters of a plain depthwise convolution of maps; None for other nodes."""
    if (
        node.domain
        or node.op_type != "Conv"
        or len(node.inputs) != 2
        or text(node, "auto_pad", "NOTSET") != "NOTSET"
    ):
        return None
    filters = array_of(node.inputs[1])
    if filters is None or filters.ndim != _AXES or filters.shape[1] != 1 or filters.dtype != np.float32:
        return None
    steps = (*integers(node, "strides", (1, 1)), *integers(node, "dilations", (1, 1)))
    return filters if len(filters) == integer(node, "group", 1) and set(steps) == {1} else None


def _stuffed(value: ir.Value) -> _Stuffed | None:
    """Return the signal between whose elements there are zeros in a value: enlarged, then masked."""
    for enlarged, mask in both_ways(value.producer(), "Mul"):
        resize, kept = made_by(enlarged, "Resize"), array_of(mask)
        if resize is None or kept is None or resize.inputs[0] is None:
            continue
        strides = _repetitions(resize)
        if strides is not None and _keeps_the_first(kept, strides):
            rows, columns = kept.shape[2:]
            return _Stuffed(signal=resize.inputs[0], strides=strides, sizes=(rows, columns))
    return None


def _repetitions(resize: ir.Node) -> tuple[int, int] | None:
    """Return how often every element is repeated along rows and columns, where that is all that a Resize does."""
    scales = array_of(resize.inputs[2]) if len(resize.inputs) == 3 else None
    if scales is None or scales.shape != (_AXES,) or tuple(scales[:2]) != (1, 1):
        return None
    said = [text(resize, name, "") for name in ("mode", "coordinate_transformation_mode", "nearest_mode")]
    down, right = int(scales[2]), int(scales[3])
    is_whole = (down, right) == tuple(scales[2:]) and min(down, right) > 0
    return (down, right) if is_whole and said == ["nearest", "asymmetric", "floor"] else None


def _keeps_the_first(mask: Array, strides: tuple[int, int]) -> bool:
    """Return whether a mask is 1 at every stride-th row and column, and else 0."""
    if mask.ndim != _AXES or mask.shape[:2] != (1, 1):
        return False
    rows, columns = (
        np.arange(size) % stride == 0 for size, stride in zip(mask.shape[2:], strides, strict=True)
    )
    whole = all(size % stride == 0 for size, stride in zip(mask.shape[2:], strides, strict=True))
    return whole and np.array_equal(mask[0, 0], np.outer(rows, columns))
