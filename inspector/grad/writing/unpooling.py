"""The gradient of a max-pooling from x, y and gy: the first maximum of each window takes all, as Indices say.

x, y and gy are (N or K, C, H, W) in the backward graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.grad.writing.builder import Builder
from inspector.grad.writing.enlarging import enlarged
from inspector.grad.writing.movement import cut_axis, pad_axis
from inspector.grad.writing.window import Window

_RANK = 4
_ROWS, _COLUMNS = 2, 3


def unpool_tiled(
    b: Builder,
    x: ir.Value,
    y: ir.Value,
    gy: ir.Value,
    *,
    window: Window,
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> ir.Value:
    """Write gx for windows side by side: gy where x is its window's maximum and no earlier element is.

    Each maximum gets a number that falls from element to element of its window; of these the largest is the first.
    """
    kernel, begins = window.kernel, window.pads[:2]
    sizes = [o * k for o, k in zip(outputs, kernel, strict=True)]
    numbers = np.arange(kernel[0] * kernel[1], 0, -1).reshape(kernel)
    numbers = np.tile(numbers, tuple(outputs))[None, None]
    framed = _framed(b, x, begins, inputs, sizes, fill=_lowest(b))
    ranked = b.op("Mul", _equal(b, enlarged(b, y, kernel), framed), b.constant(numbers))
    best = b.op("MaxPool", ranked, kernel_shape=list(kernel), strides=list(kernel))
    is_first = _equal(b, enlarged(b, best, kernel), ranked)
    spread = b.op("Mul", enlarged(b, gy, kernel), is_first)
    return _framed(b, spread, [-begin for begin in begins], sizes, inputs, fill=None)


def unpool_apart(
    b: Builder,
    x: ir.Value,
    y: ir.Value,
    gy: ir.Value,
    *,
    window: Window,
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> ir.Value:
    """Write gx for windows that move by one, one axis after the other: the first row with the maximum takes all of a
    window, and there the first column.
    """
    tops, lefts = (
        _Sweep(axis=axis, size=size, taps=taps, begin=begin, windows=windows)
        for axis, size, taps, begin, windows in zip(
            (_ROWS, _COLUMNS), inputs, window.kernel, window.pads[:2], outputs, strict=True
        )
    )
    framed = lefts.framed(b, x)
    rowwise = b.op("MaxPool", framed, kernel_shape=[1, lefts.taps])
    of_rows = _unpool_along(b, tops.framed(b, rowwise), y, gy, tops)
    return _unpool_along(b, framed, rowwise, of_rows, lefts)


@dataclass(frozen=True, kw_only=True)
class _Sweep:
    """Windows of so many taps that move by one along an axis of a size, the first from `begin` before its start."""

    axis: int
    size: int
    taps: int
    begin: int
    windows: int

    @property
    def taps_on_map(self) -> range:
        """The taps that read the map in at least one window: those of a kernel larger than it read padding beside."""
        return range(max(self.begin - self.windows + 1, 0), min(self.begin + self.size, self.taps))

    def framed(self, b: Builder, x: ir.Value) -> ir.Value:
        """Write a map with what is below all of it where windows hang over."""
        end = self.windows + self.taps - 1 - self.begin - self.size
        return pad_axis(b, x, axis=self.axis, begin=self.begin, end=end, rank=_RANK, fill=_lowest(b))


def _unpool_along(b: Builder, framed: ir.Value, y: ir.Value, gy: ir.Value, sweep: _Sweep) -> ir.Value:
    """Write gx along one axis: each tap takes what is left where it is the maximum."""
    left, parts = gy, []
    taps = sweep.taps_on_map
    for tap in taps:
        part = left
        if tap != taps[-1]:
            here = cut_axis(b, framed, axis=sweep.axis, start=tap, stop=tap + sweep.windows)
            below = b.positive(b.op("Sub", y, here))
            left = b.op("Mul", part, below)
            part = b.op("Sub", part, left)
        by = tap - sweep.begin
        parts.append(_shifted(b, part, axis=sweep.axis, by=by, length=sweep.windows, size=sweep.size))
    return b.sum(parts)


def _shifted(b: Builder, value: ir.Value, *, axis: int, by: int, length: int, size: int) -> ir.Value:
    """Write a value of a length so far along an axis of a size, zeros about it; what leaves the axis is cut off.

    Some of it stays: a shift by the whole length or more is none.
    """
    start, stop = max(-by, 0), min(length, size - by)
    if (start, stop) != (0, length):
        value = cut_axis(b, value, axis=axis, start=start, stop=stop)
    return pad_axis(b, value, axis=axis, begin=by + start, end=size - by - stop, rank=_RANK)


def _framed(
    b: Builder,
    value: ir.Value,
    begins: Sequence[int],
    sizes: Sequence[int],
    wanted: Sequence[int],
    *,
    fill: ir.Value | None,
) -> ir.Value:
    """Write a map of sizes padded or, by what is negative, cut before and after, to be of the wanted sizes."""
    for axis, begin, size, want in zip((_ROWS, _COLUMNS), begins, sizes, wanted, strict=True):
        end = want - begin - size
        if min(begin, end) < 0:
            value = cut_axis(b, value, axis=axis, start=max(-begin, 0), stop=size - max(-end, 0))
        value = pad_axis(b, value, axis=axis, begin=max(begin, 0), end=max(end, 0), rank=_RANK, fill=fill)
    return value


def _equal(b: Builder, larger: ir.Value, smaller: ir.Value) -> ir.Value:
    """Write the mask of where two tensors are equal, of which one is nowhere the smaller."""
    return b.not_positive(b.op("Sub", larger, smaller))


def _lowest(b: Builder) -> ir.Value:
    """Write what no element of a window is below."""
    return b.constant(np.finfo(b.numpy_dtype).min)
