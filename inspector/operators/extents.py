"""How many places a window takes along an axis, and where the first one begins, as ONNX Runtime computes it.

ONNX's own inference differs in corners (ceil_mode before opset 22, SAME of dilated poolings, output padding), and the
runtime is what the model runs in. Sources: core/providers/cpu/nn/pool_attributes.h and conv_transpose_attributes.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from inspector.operators.attributes import flag, integers, text
from inspector.operators.nodes import Attributed


class Extent(NamedTuple):
    """Windows along one axis."""

    begin: int
    """How many elements of padding the first window reads before the first element of the map."""
    places: int
    """How many there are: the size of the output, or, of a transposed convolution, of the map that it makes."""


def pooling_extent(node: Attributed, position: int, *, kernel: int, size: int) -> Extent:
    """Return the windows of a pooling along its spatial axis number `position`, which has `size` elements."""
    stride, dilation = _along(node, "strides", position), _along(node, "dilations", position)
    mode = text(node, "auto_pad")
    if mode.startswith("SAME"):  # which takes no account of dilation
        total = (-(-size // stride) - 1) * stride + kernel - size
        begin = _half(total) if mode == "SAME_UPPER" else _half(total + 1)
        end = total - begin
    else:
        begin, end = (0, 0) if mode == "VALID" else _pads(node, position)
    free = size + begin + end - dilation * (kernel - 1) - 1
    if not flag(node, "ceil_mode"):
        return Extent(begin, free // stride + 1)
    count = -(-free // stride) + 1
    if (count - 1) * stride >= size + begin:  # the last window would see padding alone
        count -= 1
    return Extent(begin, count)


def transposed_extent(node: Attributed, position: int, *, axes: int, kernel: int, size: int) -> Extent:
    """Return where a transposed convolution writes along one of its spatial `axes`, and how large a map it makes."""
    stride, dilation = _along(node, "strides", position), _along(node, "dilations", position)
    extra = _at(integers(node, "output_padding", ()), position, 0)
    whole = (size - 1) * stride + extra + dilation * (kernel - 1) + 1
    mode = text(node, "auto_pad")
    asked = integers(node, "output_shape", ())
    if asked:
        count = asked[len(asked) - axes + position]  # batch and channels may be said too
        total = max(whole - count, 0)
    elif mode.startswith("SAME"):
        total = max(whole - size * stride, 0)
        count = whole - total
    else:
        begin, end = (0, 0) if mode == "VALID" else _pads(node, position)
        return Extent(begin, whole - begin - end)
    return Extent(total // 2 if mode == "SAME_UPPER" else total - total // 2, count)


def _along(node: Attributed, name: str, position: int) -> int:
    return _at(integers(node, name, ()), position, 1)


def _pads(node: Attributed, position: int) -> tuple[int, int]:
    pads = integers(node, "pads", ())
    half = len(pads) // 2
    return (pads[position], pads[half + position]) if half > position else (0, 0)


def _at(numbers: Sequence[int], position: int, default: int) -> int:
    return numbers[position] if position < len(numbers) else default


def _half(total: int) -> int:
    """Return half of it, rounded toward zero as C++ does: a stride can leave less than nothing to pad."""
    return total // 2 if total >= 0 else -(-total // 2)
