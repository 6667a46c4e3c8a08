"""The transposes of moving elements about, which slices, gathers, paddings and samplings share.

Where y takes elements of x, ∂/∂x puts gy back where they came from; what was taken twice adds up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from inspector.grad.ways.movement import spreads_by_convolution
from inspector.grad.writing.builder import Builder

Indices = npt.NDArray[np.integer[Any]]
Matrix = npt.NDArray[np.floating[Any]]

_MOST_RUNS = 6
_MOST_ROUNDS = 4


def transposed_take(
    b: Builder,
    gy: ir.Value,
    indices: Indices,
    *,
    axis: int,
    size: int,
    rank: int,
    channels: int | None = None,
) -> ir.Value:
    """Write gx[indices[i]] += gy[i] along an axis of `size`; `indices` are known and not negative.

    `channels` is the size of axis 1, where it is known: what steps along a spatial axis is then spread at once.

    A few arithmetic progressions (slices, borders) are cut, spread and padded; a shuffle is a gather by the inverse;
    anything else is a product with the matrix of zeros and ones.
    """
    if np.array_equal(indices, np.arange(size)):
        return gy
    if not len(indices):
        return pad_axis(b, gy, axis=axis, begin=0, end=size, rank=rank)
    runs = list(_progressions(indices))
    if len(runs) <= _MOST_RUNS:
        return b.sum(
            [
                _put_run(b, gy, indices, run, axis=axis, size=size, rank=rank, channels=channels)
                for run in runs
            ]
        )
    rounds = _inverse(indices, size)
    if len(rounds) <= _MOST_ROUNDS:
        padded = pad_axis(b, gy, axis=axis, begin=0, end=1, rank=rank)
        return b.sum([b.op("Gather", padded, b.ints(taken.tolist()), axis=axis) for taken in rounds])
    matrix = np.zeros((len(indices), size))
    matrix[np.arange(len(indices)), indices] = 1
    return times_matrix(b, gy, matrix, axis=axis, rank=rank)


def times_matrix(b: Builder, gy: ir.Value, matrix: Matrix, *, axis: int, rank: int) -> ir.Value:
    """Write Σᵢ gy[…, i, …]·matrix[i, j] along an axis."""
    if axis == rank - 1:
        return b.op("MatMul", gy, b.constant(matrix))
    if axis == rank - 2:
        return b.op("MatMul", b.constant(matrix.T), gy)
    swap = list(range(rank))
    swap[axis], swap[-1] = swap[-1], swap[axis]
    product = b.op("MatMul", b.op("Transpose", gy, perm=swap), b.constant(matrix))
    return b.op("Transpose", product, perm=swap)


def pad_axis(
    b: Builder,
    value: ir.Value,
    *,
    axis: int,
    begin: int,
    end: int,
    rank: int,
    fill: ir.Value | None = None,
) -> ir.Value:
    """Write zeros, or what they are filled with, before and after an axis."""
    if not begin and not end:
        return value
    pads = [0] * 2 * rank
    pads[axis], pads[rank + axis] = begin, end
    return b.op("Pad", value, b.ints(pads), *([] if fill is None else [fill]))


def cut_axis(b: Builder, value: ir.Value, *, axis: int, start: int, stop: int, step: int = 1) -> ir.Value:
    """Write value[start:stop:step] along an axis; a negative step with a stop of -1 ends with the first element."""
    stop = np.iinfo(np.int64).min if step < 0 and stop < 0 else stop
    return b.op("Slice", value, b.ints([start]), b.ints([stop]), b.ints([axis]), b.ints([step]))


def replace_axes(b: Builder, value: ir.Value, begin: int, end: int, sizes: Sequence[int]) -> ir.Value:
    """Write value reshaped, with axes begin…end-1 replaced by axes of other sizes."""
    shape = [b.op("Shape", value, start=0, end=begin)] if begin else []
    shape.append(b.ints(list(sizes)))
    shape.append(b.op("Shape", value, start=end))
    return b.op("Reshape", value, b.op("Concat", *shape, axis=0))


def put_back(b: Builder, signal: ir.Value, places: ir.Value, x: ir.Value, *, size: int) -> ir.Value:
    """Write gx[n, places[n, p]] += signal[n, p], in the shape of `x`; an image of x has `size` elements.

    signal: (K, P) floats; places: (K or 1, P) int64, places in one image.
    """
    shape = b.op("Shape", signal)
    seeds = b.op("Shape", signal, start=0, end=1)
    empty = b.zeros(b.op("Concat", seeds, b.ints([size]), axis=0))
    filled = b.op("ScatterElements", empty, b.op("Expand", places, shape), signal, axis=1, reduction="add")
    return b.op("Reshape", filled, b.shape_like(x))


def put_back_all(b: Builder, gy: ir.Value, places: ir.Value, x: ir.Value) -> ir.Value:
    """Write gx[places[p]] += gy[p] over the whole of x, its batch axis too: one seed per run."""
    b.mix_batch()
    flat = b.ints([1, -1])
    return put_back(b, b.op("Reshape", gy, flat), b.op("Reshape", places, flat), x, size=total_size(b, x))


def numbered(b: Builder, x: ir.Value) -> ir.Value:
    """Write int64 numbers 0, 1, … in the shape of x: what moves them as x moves says where each element came from."""
    shape = b.sizes(x, *range(b.rank(x)))
    count = b.op("Range", b.ints(0), b.ints(total_size(b, x)), b.ints(1))
    return b.op("Reshape", count, b.ints(shape))


def total_size(b: Builder, x: ir.Value, *, first_axis: int = 0) -> int:
    """Return the number of elements of one image of x, counted from an axis on."""
    return math.prod(b.sizes(x, *range(first_axis, b.rank(x))))


def places_in_image(b: Builder, places: ir.Value, size: int) -> ir.Value:
    """Take from (N, P) indices that count through the whole batch the start of each image: they address one image."""
    images = b.op("Squeeze", b.op("Shape", places, start=0, end=1), b.ints([0]))
    starts = b.op("Mul", b.op("Range", b.ints(0), images, b.ints(1)), b.ints(size))
    return b.op("Sub", places, b.op("Unsqueeze", starts, b.ints([1])))


def _progressions(indices: Indices) -> Iterator[slice]:
    """Cut indices into arithmetic progressions, greedily."""
    start = 0
    while start < len(indices):
        stop = start + 2
        while (
            stop < len(indices) and indices[stop] - indices[stop - 1] == indices[start + 1] - indices[start]
        ):
            stop += 1
        yield slice(start, min(stop, len(indices)))
        start = stop


def _put_run(
    b: Builder,
    gy: ir.Value,
    indices: Indices,
    run: slice,
    *,
    axis: int,
    size: int,
    rank: int,
    channels: int | None,
) -> ir.Value:
    """Write gx for one progression: cut it out, put it in ascending order, spread it by its step, pad."""
    taken = indices[run]
    step = int(taken[1] - taken[0]) if len(taken) > 1 else 1
    part = gy
    if step < 0:
        part = cut_axis(b, gy, axis=axis, start=run.stop - 1, stop=run.start - 1, step=-1)
    elif len(taken) < len(indices):
        part = cut_axis(b, gy, axis=axis, start=run.start, stop=run.stop)
    low, length = int(taken.min()), len(taken)
    if step == 0:
        part, length = b.op("ReduceSum", part, b.ints([axis]), keepdims=1), 1
    elif abs(step) > 1 and channels is not None and spreads_by_convolution(rank, axis):
        return _spread_channels(
            b, part, axis=axis, step=abs(step), low=low, length=length, size=size, channels=channels
        )
    elif abs(step) > 1:
        part = _spread(b, part, axis=axis, step=abs(step), length=length, rank=rank)
        length *= abs(step)
    excess = low + length - size  # the last element's zeros may hang over the end
    if excess > 0:
        part = cut_axis(b, part, axis=axis, start=0, stop=length - excess)
    return pad_axis(b, part, axis=axis, begin=low, end=max(-excess, 0), rank=rank)


def _spread(b: Builder, value: ir.Value, *, axis: int, step: int, length: int, rank: int) -> ir.Value:
    """Write step - 1 zeros after every element along an axis."""
    column = b.op("Unsqueeze", value, b.ints([axis + 1]))
    spread = pad_axis(b, column, axis=axis + 1, begin=0, end=step - 1, rank=rank + 1)
    return replace_axes(b, spread, axis, axis + 2, [length * step])


def _spread_channels(
    b: Builder, value: ir.Value, *, axis: int, step: int, low: int, length: int, size: int, channels: int
) -> ir.Value:
    """Write every element of (N, C, H, W) `step` after the one before it along a spatial axis of `size`, from `low` on.

    A ConvTranspose by one 1 for each channel, before which stand the zeros that a whole step does not hold.
    """
    kernel, strides, rest = [1, 1], [1, 1], [0, 0]
    space, before = axis - 2, low % step
    kernel[space], strides[space] = before + 1, step
    end = size - ((length - 1) * step + low + 1)
    rest[space] = min(end, step - 1)
    one = np.zeros((channels, 1, *kernel))
    one[:, :, -1, -1] = 1
    spread = b.op(
        "ConvTranspose",
        value,
        b.constant(one),
        kernel_shape=kernel,
        strides=strides,
        output_padding=rest,
        group=channels,
    )
    return pad_axis(b, spread, axis=axis, begin=low - before, end=end - rest[space], rank=4)


def _inverse(indices: Indices, size: int) -> list[Indices]:
    """Return, per round, where each of `size` elements was taken; len(indices) where it was not (any more)."""
    order = np.argsort(indices, kind="stable")
    ordered = indices[order]
    repeat = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    rounds = np.full((int(repeat.max(initial=0)) + 1, size), len(indices))
    rounds[repeat, ordered] = order
    return list(rounds)
