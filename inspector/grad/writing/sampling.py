"""Reading a tensor between its elements, at computed places: what GridSample and DeformConv share.

A sample is Σ over corners of Π_axes weight_a(place_a) · x[corner]. It is linear in x, and its slope along an axis is
the same sum with that axis' weight replaced by its derivative (Jaderberg et al. 2015, eq. 6 and 7).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from inspector.grad.writing.builder import Builder


@dataclass(frozen=True)
class Tap:
    """Where samples read along one axis: (N, …, P) floats each."""

    at: ir.Value
    weight: ir.Value
    slope: ir.Value
    """The derivative of the weight by the place."""


@dataclass(frozen=True)
class Corner:
    """Where samples read in a flat tensor, with what weight, and the slopes of the weight along each axis."""

    places: ir.Value
    """(N, …, 1, P), int64."""
    weight: ir.Value
    """(N, …, 1, P), as the slopes are."""
    slopes: tuple[ir.Value, ...]


def corners(b: Builder, taps: Sequence[Sequence[Tap]], sizes: Sequence[int]) -> Iterator[Corner]:
    """Yield all combinations of the taps of the axes, whose sizes are given."""
    for combination in itertools.product(*taps):
        place = combination[0].at
        for tap, size in zip(combination[1:], sizes[1:], strict=True):
            place = b.op("Add", b.op("Mul", place, b.constant(size)), tap.at)
        weights = [tap.weight for tap in combination]
        slopes = [
            _product(b, [*weights[:axis], tap.slope, *weights[axis + 1 :]])
            for axis, tap in enumerate(combination)
        ]
        yield Corner(
            b.op("Unsqueeze", b.op("Cast", place, to=ir.DataType.INT64), b.ints([-2])),
            b.op("Unsqueeze", _product(b, weights), b.ints([-2])),
            tuple(b.op("Unsqueeze", slope, b.ints([-2])) for slope in slopes),
        )


def linear_taps(b: Builder, at: ir.Value, *, size: int) -> list[Tap]:
    """Write the two neighbors of a place, zeros beyond the border."""
    floor = b.op("Floor", at)
    ratio = b.op("Sub", at, floor)
    rest = b.op("Sub", b.constant(1), ratio)
    above = b.op("Add", floor, b.constant(1))
    return [
        within(b, Tap(floor, rest, b.constant(-1)), size),
        within(b, Tap(above, ratio, b.constant(1)), size),
    ]


def within(b: Builder, tap: Tap, size: int) -> Tap:
    """Write a tap that counts for nothing where it lies beyond the border."""
    read = clip(b, tap.at, size)
    inside = b.op("Equal", tap.at, read)
    return Tap(
        read,
        b.op("Where", inside, tap.weight, b.constant(0)),
        b.op("Where", inside, tap.slope, b.constant(0)),
    )


def clip(b: Builder, at: ir.Value, size: int) -> ir.Value:
    """Write the nearest place within an axis."""
    return b.op("Clip", at, b.constant(0), b.constant(size - 1))


def spread(b: Builder, signal: ir.Value, found: Sequence[Corner], *, sizes: Sequence[int]) -> ir.Value:
    """Write gx[corner] += weight·signal: (K, …, C, P) to (K, …, C, the product of the sizes)."""
    whole = b.op("Shape", signal)
    gx = b.zeros(b.op("Concat", b.op("Shape", signal, end=-1), b.ints([math.prod(sizes)]), axis=0))
    for corner in found:
        part = b.op("Mul", signal, corner.weight)
        places = b.op("Expand", corner.places, whole)
        gx = b.op("ScatterElements", gx, places, part, axis=-1, reduction="add")
    return gx


def read(
    b: Builder,
    flat: ir.Value,
    found: Sequence[Corner],
    *,
    channels: int,
    last: int,
    along: int | None = None,
) -> ir.Value:
    """Write (N, …, C, P): the samples of a flat tensor (N, …, C, S), or their slopes along an axis of it.

    `last` is the number of its last axis: evaluators differ about negative ones.
    """
    parts = []
    for corner in found:
        places = b.op("Expand", corner.places, b.ints([channels, 1]))
        values = b.op("GatherElements", flat, places, axis=last)
        parts.append(b.op("Mul", values, corner.weight if along is None else corner.slopes[along]))
    return b.sum(parts)


def _product(b: Builder, factors: Sequence[ir.Value]) -> ir.Value:
    value = factors[0]
    for factor in factors[1:]:
        value = b.op("Mul", value, factor)
    return value
