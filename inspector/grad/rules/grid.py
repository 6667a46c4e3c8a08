"""GridSample and AffineGrid (spatial transformers: Jaderberg et al. 2015)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.sampling import Tap, clip, corners, read, spread, within
from inspector.operators.attributes import flag, text

_CUBIC = -0.75
"""The coefficient of the cubic kernel that the operator fixes."""


@rule("GridSample")
def grid_sample(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[corners of a sample] += weights·gy; ggrid = Σ_channels gy·slope of the sample."""
    x, grid = operand(node, 0), operand(node, 1)
    channels, *sizes = b.sizes(x, *range(1, b.rank(x)))
    points = b.op("Reshape", b.saved(grid), b.ints([0, -1, len(sizes)]))
    signal = b.op("Reshape", gy, b.ints([0, channels, -1]))
    # The last number of a point is the first axis of the image.
    numbers = range(len(sizes))[::-1]
    places = [b.op("Gather", points, b.ints(number), axis=2) for number in numbers]
    taps = [list(_taps(b, node, place, size)) for place, size in zip(places, sizes, strict=True)]
    found = list(corners(b, taps, sizes))
    gx = b.op("Reshape", spread(b, signal, found, sizes=sizes), b.shape_like(x))
    if not b.wants(grid):
        return [gx, None]
    flat = b.op("Reshape", b.saved(x), b.ints([0, channels, -1]))
    slopes = [read(b, flat, found, channels=channels, last=2, along=axis) for axis in numbers]
    steps = [b.op("ReduceSum", b.op("Mul", signal, slope), b.ints([1])) for slope in slopes]
    moved = b.op("Transpose", b.op("Concat", *steps, axis=1), perm=[0, 2, 1])
    return [gx, b.op("Reshape", moved, b.shape_like(grid))]


def _taps(b: Builder, node: ir.Node, normalized: ir.Value, size: int) -> Iterator[Tap]:
    """Yield what the samples read along one axis, from coordinates in [-1, 1], with slopes by those."""
    mode = text(node, "mode", opset=20)  # "linear" and, until 20, "bilinear" say the same
    padding = text(node, "padding_mode")
    aligned = flag(node, "align_corners")
    factor = (size - 1) / 2 if aligned else size / 2
    at = b.op("Add", b.op("Mul", normalized, b.constant(factor)), b.constant((size - 1) / 2))
    speed = b.constant(factor)
    low, high = (0.0, size - 1.0) if aligned else (-0.5, size - 0.5)
    cubic = mode.endswith("cubic")
    if padding == "reflection" and not cubic:
        at, turn = _reflect(b, at, low, high)
        speed = b.op("Mul", speed, turn)
    if padding != "zeros" and not cubic:
        inside = b.op("Equal", at, clip(b, at, size))
        at, speed = clip(b, at, size), b.op("Where", inside, speed, b.constant(0))
    for tap in _kernel(b, at, mode):
        moving = Tap(tap.at, tap.weight, b.op("Mul", tap.slope, speed))
        if padding == "zeros":
            yield within(b, moving, size)
        else:
            seen = _reflect(b, tap.at, low, high)[0] if padding == "reflection" and cubic else tap.at
            yield Tap(clip(b, seen, size), moving.weight, moving.slope)


def _kernel(b: Builder, at: ir.Value, mode: str) -> Iterator[Tap]:
    """Yield the whole numbers around a place, with their weights and slopes."""
    if mode == "nearest":
        yield Tap(b.op("Round", at), b.constant(np.ones((1, 1))), b.constant(np.zeros((1, 1))))
        return
    floor = b.op("Floor", at)
    ratio = b.op("Sub", at, floor)
    rest = b.op("Sub", b.constant(1), ratio)
    if not mode.endswith("cubic"):
        yield Tap(floor, rest, b.constant(-1))
        yield Tap(b.op("Add", floor, b.constant(1)), ratio, b.constant(1))
        return
    near, far = (_CUBIC + 2, -_CUBIC - 3, 0, 1), (_CUBIC, -5 * _CUBIC, 8 * _CUBIC, -4 * _CUBIC)
    one = b.constant(1)
    for offset, distance, polynomial in (
        (0, ratio, near),
        (1, rest, near),
        (-1, b.op("Add", ratio, one), far),
        (2, b.op("Add", rest, one), far),
    ):
        towards = 1 if offset < 1 else -1
        derivative = [towards * c * power for c, power in zip(polynomial, (3, 2, 1), strict=False)]
        yield Tap(
            b.op("Add", floor, b.constant(offset)),
            _polynomial(b, distance, *polynomial),
            _polynomial(b, distance, *derivative),
        )


def _polynomial(b: Builder, x: ir.Value, *coefficients: float) -> ir.Value:
    value = b.constant(coefficients[0])
    for coefficient in coefficients[1:]:
        value = b.op("Add", b.op("Mul", value, x), b.constant(coefficient))
    return value


def _reflect(b: Builder, at: ir.Value, low: float, high: float) -> tuple[ir.Value, ir.Value]:
    """Write the place after reflections at both borders, a triangle wave, and whether it moves with or against."""
    span = high - low
    if not span:
        nothing = b.op("Mul", at, b.constant(0))
        return nothing, nothing
    from_low = b.op("Sub", at, b.constant(low))
    away = b.op("Abs", from_low)
    turns = b.op("Floor", b.op("Div", away, b.constant(2 * span)))
    phase = b.op("Sub", away, b.op("Mul", turns, b.constant(2 * span)))
    from_high = b.op("Sub", phase, b.constant(span))
    turn = b.op("Neg", b.op("Mul", b.op("Sign", from_high), b.op("Sign", from_low)))
    return b.op("Sub", b.constant(high), b.op("Abs", from_high)), turn


@rule("AffineGrid")
def affine_grid(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gθ = Σ over the points of gy ⊗ (point, 1)."""
    grid = node.outputs[0]
    *sizes, n = b.sizes(grid, *range(1, b.rank(grid)))
    aligned = flag(node, "align_corners")
    axes = [
        np.linspace(-1, 1, size) if aligned and size > 1 else (2 * np.arange(size) + 1) / size - 1
        for size in sizes
    ]
    points = np.stack([*np.meshgrid(*axes, indexing="ij")[::-1], np.ones(sizes)], axis=-1)
    signal = b.op("Transpose", b.op("Reshape", gy, b.ints([0, -1, n])), perm=[0, 2, 1])
    return [b.op("MatMul", signal, b.constant(points.reshape(-1, n + 1))), None]
