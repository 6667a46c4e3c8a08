"""GridSample and AffineGrid (spatial transformers: Jaderberg et al. 2015)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import onnx_ir as ir

from inspector.grad.builder import Builder
from inspector.grad.rule import Gradients, operand, rule

Tap = tuple[ir.Value, ir.Value]
"""Where a sample reads along one axis, and with what weight: floats (N, P)."""

_CUBIC = -0.75
"""The coefficient of the cubic kernel that the operator fixes."""


@rule("GridSample")
def grid_sample(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[places of a sample] += weights·gy; the grid counts as given."""
    x, grid = operand(node, 0), b.saved(operand(node, 1))
    channels, *sizes = b.sizes(x, *range(1, b.rank(x)))
    points = b.op("Reshape", grid, b.ints([0, -1, len(sizes)]))
    signal = b.op("Reshape", gy, b.ints([0, channels, -1]))
    whole = b.op("Shape", signal)
    seeds = b.op("Shape", signal, start=0, end=2)
    gx = b.op(
        "ConstantOfShape",
        b.op("Concat", seeds, b.ints([math.prod(sizes)]), axis=0),
        value=ir.tensor(np.zeros(1, b.numpy_dtype)),
    )
    # The last number of a point is the first axis of the image.
    taps = [
        list(_taps(b, node, b.op("Gather", points, b.ints(len(sizes) - 1 - axis), axis=2), size))
        for axis, size in enumerate(sizes)
    ]
    for combination in itertools.product(*taps):
        place, weight = combination[0]
        for (at, share), size in zip(combination[1:], sizes[1:], strict=True):
            place = b.op("Add", b.op("Mul", place, b.constant(size)), at)
            weight = b.op("Mul", weight, share)
        places = b.op("Unsqueeze", b.op("Cast", place, to=ir.DataType.INT64), b.ints([1]))
        part = b.op("Mul", signal, b.op("Unsqueeze", weight, b.ints([1])))
        gx = b.op("ScatterElements", gx, b.op("Expand", places, whole), part, axis=2, reduction="add")
    return [b.op("Reshape", gx, b.shape_like(x)), None]


def _taps(b: Builder, node: ir.Node, normalised: ir.Value, size: int) -> Iterator[Tap]:
    """Yield what the samples read along one axis, from coordinates in [-1, 1]."""
    mode = node.attributes.get_string("mode", "linear") or "linear"
    padding = node.attributes.get_string("padding_mode", "zeros") or "zeros"
    aligned = bool(node.attributes.get_int("align_corners", 0))
    factor = (size - 1) / 2 if aligned else size / 2
    at = b.op("Add", b.op("Mul", normalised, b.constant(factor)), b.constant((size - 1) / 2))
    low, high = (0.0, size - 1.0) if aligned else (-0.5, size - 0.5)
    cubic = mode.endswith("cubic")
    if padding == "reflection" and not cubic:
        at = _reflect(b, at, low, high)
    if padding != "zeros" and not cubic:
        at = _clip(b, at, size)
    for tap, weight in _kernel(b, at, mode):
        seen = _reflect(b, tap, low, high) if padding == "reflection" and cubic else tap
        read = _clip(b, seen, size)
        outside_is_zero = padding == "zeros"
        yield (
            read,
            b.op("Where", b.op("Equal", tap, read), weight, b.constant(0)) if outside_is_zero else weight,
        )


def _kernel(b: Builder, at: ir.Value, mode: str) -> Iterator[Tap]:
    """Yield the whole numbers around a place, with their weights."""
    if mode == "nearest":
        yield b.op("Round", at), b.constant(np.ones((1, 1)))
        return
    floor = b.op("Floor", at)
    ratio = b.op("Sub", at, floor)
    rest = b.op("Sub", b.constant(1), ratio)
    if not mode.endswith("cubic"):
        yield floor, rest
        yield b.op("Add", floor, b.constant(1)), ratio
        return
    for offset, distance in ((0, ratio), (1, rest)):
        yield b.op("Add", floor, b.constant(offset)), _polynomial(b, distance, _CUBIC + 2, -_CUBIC - 3, 0, 1)
    for offset, distance in ((-1, ratio), (2, rest)):
        beyond = b.op("Add", distance, b.constant(1))
        weight = _polynomial(b, beyond, _CUBIC, -5 * _CUBIC, 8 * _CUBIC, -4 * _CUBIC)
        yield b.op("Add", floor, b.constant(offset)), weight


def _polynomial(b: Builder, x: ir.Value, *coefficients: float) -> ir.Value:
    value = b.constant(coefficients[0])
    for coefficient in coefficients[1:]:
        value = b.op("Add", b.op("Mul", value, x), b.constant(coefficient))
    return value


def _clip(b: Builder, at: ir.Value, size: int) -> ir.Value:
    return b.op("Clip", at, b.constant(0), b.constant(size - 1))


def _reflect(b: Builder, at: ir.Value, low: float, high: float) -> ir.Value:
    """Write the place after reflections at both borders: a triangle wave."""
    span = high - low
    if not span:
        return b.op("Mul", at, b.constant(0))
    away = b.op("Abs", b.op("Sub", at, b.constant(low)))
    turns = b.op("Floor", b.op("Div", away, b.constant(2 * span)))
    phase = b.op("Sub", away, b.op("Mul", turns, b.constant(2 * span)))
    back = b.op("Abs", b.op("Sub", phase, b.constant(span)))
    return b.op("Sub", b.constant(high), back)


@rule("AffineGrid")
def affine_grid(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gθ = Σ over the points of gy ⊗ (point, 1)."""
    grid = node.outputs[0]
    *sizes, n = b.sizes(grid, *range(1, b.rank(grid)))
    aligned = bool(node.attributes.get_int("align_corners", 0))
    axes = [
        np.linspace(-1, 1, size) if aligned and size > 1 else (2 * np.arange(size) + 1) / size - 1
        for size in sizes
    ]
    points = np.stack([*np.meshgrid(*axes, indexing="ij")[::-1], np.ones(sizes)], axis=-1)
    signal = b.op("Transpose", b.op("Reshape", gy, b.ints([0, -1, n])), perm=[0, 2, 1])
    return [b.op("MatMul", signal, b.constant(points.reshape(-1, n + 1))), None]
