"""Pooling of regions: RoiAlign (He et al. 2017, Mask R-CNN, §3) and MaxRoiPool (Girshick 2015, Fast R-CNN, §2.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer, integers, number, text


@rule("RoiAlign")
def roi_align(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y_r = A_r·x·B_rᵀ with bilinear weights of rows and columns: gx = Σ over the regions of its image A_rᵀ·gy_r·B_r.

    The region moves the weights: its gradient is Σ gy_r·(∂A_r·x·B_rᵀ + A_r·x·∂B_rᵀ).
    """
    return _roi_align(b, node, gy, half_pixel=False)


@rule("RoiAlign", since=16)
def roi_align_half_pixel(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Like roi_align; the coordinate transformation is an attribute, half_pixel by default."""
    transformation = text(node, "coordinate_transformation_mode")
    return _roi_align(b, node, gy, half_pixel=transformation == "half_pixel")


def _roi_align(b: Builder, node: ir.Node, gy: ir.Value, *, half_pixel: bool) -> Gradients:
    b.mix_batch()
    if text(node, "mode") == "max":
        return _largest_corner(b, node, gy, half_pixel=half_pixel)
    x, rois = operand(node, 0), operand(node, 1)
    height, width = b.sizes(x, 2, 3)
    rows = _weights(b, node, 1, "output_height", height, half_pixel=half_pixel)
    columns = _weights(b, node, 0, "output_width", width, half_pixel=half_pixel)
    across = b.op("MatMul", gy, b.op("Unsqueeze", columns.means, b.ints([1])))  # (R, C, rows, W)
    gx = _to_images(b, node, rows.means, across)
    if not b.wants(rois):
        return [gx, None, None]
    seen = b.op("Gather", b.saved(x), b.saved(operand(node, 2)), axis=0)  # (R, C, H, W)
    by_row = _shares(b, across, seen, "rciw,rchw->rih")
    down = b.op("Einsum", rows.means, gy, equation="rih,rcij->rchj")
    by_column = _shares(b, down, seen, "rchj,rchw->rjw")
    (top, bottom), (left, right) = (_edges(b, *pair) for pair in ((rows, by_row), (columns, by_column)))
    return [gx, b.op("Concat", left, top, right, bottom, axis=1), None]


def _to_images(b: Builder, node: ir.Node, rows: ir.Value, across: ir.Value) -> ir.Value:
    """Write gx[image of r] += A_rᵀ·across_r."""
    images, channels, height, width = b.sizes(operand(node, 0), 0, 1, 2, 3)
    strips = b.op("Reshape", b.op("Transpose", across, perm=[0, 2, 1, 3]), b.ints([-1, channels * width]))
    own = b.op("Equal", b.saved(operand(node, 2)), b.ints(np.arange(images)[:, None].tolist()))  # (N, R)
    of_image = b.op("Unsqueeze", b.to_float(own), b.ints([2, 3]))
    chosen = b.op("Reshape", b.op("Mul", of_image, rows), b.ints([images, -1, height]))  # (N, R·rows, H)
    gx = b.op("MatMul", b.op("Transpose", chosen, perm=[0, 2, 1]), strips)  # (N, H, C·W)
    parted = b.op("Reshape", gx, b.ints([images, height, channels, width]))
    return b.op("Transpose", parted, perm=[0, 2, 1, 3])


def _shares(b: Builder, signal: ir.Value, seen: ir.Value, equation: str) -> ir.Value:
    """Write the gradient of the weights along one axis: (R, out, size)."""
    return b.op("Einsum", signal, seen, equation=equation)


@dataclass(frozen=True)
class _Weights:
    """How much of each input row (column) is in each output row of each region: (R, out, size)."""

    means: ir.Value
    by_begin: ir.Value
    """The derivative of the means by where the region begins, in the unit of its coordinates."""
    by_end: ir.Value


def _edges(b: Builder, weights: _Weights, gradient: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Write the gradients of where regions begin and end: (R, 1) each."""
    begin, end = (
        b.op("ReduceSum", b.op("Mul", gradient, slope), b.ints([1, 2]), keepdims=0)
        for slope in (weights.by_begin, weights.by_end)
    )
    return b.op("Unsqueeze", begin, b.ints([1])), b.op("Unsqueeze", end, b.ints([1]))


@dataclass(frozen=True)
class _Samples:
    """Where regions are read along one axis: (R, out, samples) each, unless said otherwise."""

    steps: ir.Value
    """In units of the region's extent."""
    share: ir.Value
    """Of each in the mean; 0 where a region has fewer."""
    inside: ir.Value
    """Whether a sample counts."""
    still: ir.Value
    """Whether it lies between elements, not on the border, where it is held."""
    ahead: ir.Value
    """(R, out, samples, size): how far each element lies ahead of the sample."""
    hats: ir.Value
    """(R, out, samples, size): the bilinear weights."""
    moving: ir.Value
    """How the extent grows with the region's end."""
    scale: float


def _samples(
    b: Builder, node: ir.Node, column: int, attribute: str, size: int, *, half_pixel: bool
) -> _Samples:
    out = integer(node, attribute)
    scale = number(node, "spatial_scale")
    rois = b.op("Mul", b.saved(operand(node, 1)), b.constant(scale))
    begin, end = (b.op("Gather", rois, b.ints([at]), axis=1) for at in (column, column + 2))
    extent = b.op("Sub", end, begin)
    moving = b.constant(scale)
    if half_pixel:
        begin = b.op("Sub", begin, b.constant(0.5))
    else:
        moving = b.op("Where", b.op("Greater", extent, b.constant(1)), moving, b.constant(0))
        moving = b.op("Unsqueeze", moving, b.ints([2]))
        extent = b.op("Max", extent, b.constant(1))
    steps, share = _steps(b, node, extent, out)
    begin, extent = (b.op("Unsqueeze", value, b.ints([2])) for value in (begin, extent))
    at = b.op("Add", begin, b.op("Mul", extent, steps))
    on = b.op("Clip", at, b.constant(0), b.constant(size - 1))
    ahead = b.op("Sub", b.constant(np.arange(size)), b.op("Unsqueeze", on, b.ints([3])))
    return _Samples(
        steps=steps,
        share=share,
        inside=b.op("Equal", at, b.op("Clip", at, b.constant(-1), b.constant(size))),
        still=b.op("Equal", at, on),
        ahead=ahead,
        hats=b.op("Relu", b.op("Sub", b.constant(1), b.op("Abs", ahead))),
        moving=moving,
        scale=scale,
    )


def _weights(
    b: Builder, node: ir.Node, column: int, attribute: str, size: int, *, half_pixel: bool
) -> _Weights:
    found = _samples(b, node, column, attribute, size, half_pixel=half_pixel)
    near = b.op("Mul", b.op("Sign", found.ahead), b.op("Sign", found.hats))

    def mean(values: ir.Value, factor: ir.Value) -> ir.Value:
        return b.op(
            "ReduceSum", b.op("Mul", values, b.op("Unsqueeze", factor, b.ints([3]))), b.ints([2]), keepdims=0
        )

    nothing = b.constant(0)
    slope = b.op("Mul", b.op("Where", found.still, found.share, nothing), found.steps)
    whole = b.op("Where", found.still, b.op("Mul", found.share, b.constant(found.scale)), nothing)
    by_end = b.op("Mul", slope, found.moving)
    return _Weights(
        mean(found.hats, b.op("Where", found.inside, found.share, nothing)),
        mean(near, b.op("Sub", whole, by_end)),
        mean(near, by_end),
    )


@dataclass(frozen=True)
class _Reach:
    """The weights along one axis that an element can have in an output: (R, out, size)."""

    largest: ir.Value
    smallest: ir.Value
    """Of those above 0."""
    touched: ir.Value
    """Whether it has one, a boolean."""
    misses: ir.Value
    """(R, out): whether a sample reads an element with the weight 0."""


def _reach(b: Builder, node: ir.Node, column: int, attribute: str, size: int, *, half_pixel: bool) -> _Reach:
    found = _samples(b, node, column, attribute, size, half_pixel=half_pixel)
    zero, one = b.constant(0), b.constant(1)
    exists = b.op("Greater", found.share, zero)
    counts = b.op("Unsqueeze", b.op("And", found.inside, exists), b.ints([3]))
    hats = b.op("Where", counts, found.hats, zero)
    largest = b.op("ReduceMax", hats, b.ints([2]), keepdims=0)
    smallest = b.op(
        "ReduceMin", b.op("Where", b.op("Greater", hats, zero), hats, one), b.ints([2]), keepdims=0
    )
    partial = b.op("ReduceMax", hats, b.ints([3]), keepdims=0)  # 1 on an element, 0 outside
    misses = b.op("Or", b.op("Equal", partial, zero), b.op("Equal", partial, one))
    missed = b.to_float(b.op("And", misses, exists))
    return _Reach(
        largest,
        smallest,
        b.op("Greater", largest, zero),
        b.op("ReduceMax", missed, b.ints([2]), keepdims=0),
    )


def _largest_corner(b: Builder, node: ir.Node, gy: ir.Value, *, half_pixel: bool) -> Gradients:
    """y = max over samples and their corners of weight·x: gx = gy·weight at the first such corner (mode "max").

    Over the samples of an output the weight of an element is its largest where x > 0, its smallest where x < 0; a
    corner of weight 0 counts, too, and is 0.
    """
    x = operand(node, 0)
    images, channels, height, width = b.sizes(x, 0, 1, 2, 3)
    rows = _reach(b, node, 1, "output_height", height, half_pixel=half_pixel)
    columns = _reach(b, node, 0, "output_width", width, half_pixel=half_pixel)
    outputs = b.sizes(node.outputs[0], 2, 3)
    bins, places = math.prod(outputs), height * width

    def pairs(operator: str, row: ir.Value, column: ir.Value) -> ir.Value:
        """Combine (R, rows, H) and (R, columns, W) to (R, 1, bins, H·W)."""
        both = b.op(
            operator, b.op("Unsqueeze", row, b.ints([2, 4])), b.op("Unsqueeze", column, b.ints([1, 3]))
        )
        return b.op("Reshape", both, b.ints([-1, 1, bins, places]))

    image = b.saved(operand(node, 2))
    seen = b.op("Gather", b.op("Reshape", b.saved(x), b.ints([images, channels, 1, places])), image, axis=0)
    weight = b.op(
        "Where",
        b.op("Greater", seen, b.constant(0)),
        pairs("Mul", rows.largest, columns.largest),
        pairs("Mul", rows.smallest, columns.smallest),
    )
    lowest = b.constant(np.finfo(b.numpy_dtype).min)
    corners = b.op("Where", pairs("And", rows.touched, columns.touched), b.op("Mul", weight, seen), lowest)
    first = b.op("ArgMax", corners, axis=3, keepdims=1)  # (R, C, bins, 1)
    misses = b.op(
        "Max", b.op("Unsqueeze", rows.misses, b.ints([2])), b.op("Unsqueeze", columns.misses, b.ints([1]))
    )
    floor = b.op(
        "Where",
        b.op("Greater", b.op("Reshape", misses, b.ints([-1, 1, bins, 1])), b.constant(0)),
        b.constant(0),
        lowest,
    )
    wins = b.op("Greater", b.op("ReduceMax", corners, b.ints([3]), keepdims=1), floor)
    hot = b.op("And", b.op("Equal", first, b.ints(list(range(places)))), wins)
    won = b.op("Where", hot, weight, b.constant(0))
    signal = b.op("Reshape", gy, b.ints([-1, channels, bins, 1]))
    per_region = b.op("ReduceSum", b.op("Mul", won, signal), b.ints([2]), keepdims=0)
    return [_sum_of_regions(b, image, per_region, (images, channels, height, width)), None, None]


def _sum_of_regions(
    b: Builder, image: ir.Value, per_region: ir.Value, shape: tuple[int, int, int, int]
) -> ir.Value:
    """Write gx[image of r] += per_region[r], (R, C, H·W) to (N, C, H, W)."""
    own = b.to_float(b.op("Equal", image, b.ints(np.arange(shape[0])[:, None].tolist())))
    gx = b.op("MatMul", own, b.op("Reshape", per_region, b.ints([-1, math.prod(shape[1:])])))
    return b.op("Reshape", gx, b.ints(list(shape)))


def _steps(b: Builder, node: ir.Node, extent: ir.Value, out: int) -> tuple[ir.Value, ir.Value]:
    """Write where the samples of a region lie, (R or 1, out, samples) in units of its extent, and each one's share.

    Without a sampling_ratio there are ⌈extent/out⌉ per output, so regions differ: a sample too many has the share 0.
    """
    samples = integer(node, "sampling_ratio")
    rows = np.arange(out)[None, :, None]
    if samples > 0:
        fixed = (rows + (np.arange(samples) + 0.5) / samples) / out
        return b.constant(fixed), b.constant(np.full((1, 1, samples), 1 / samples))
    counts = b.op("Max", b.op("Ceil", b.op("Div", extent, b.constant(out))), b.constant(1))
    most = b.op("Cast", b.op("ReduceMax", counts, keepdims=0), to=ir.DataType.INT64)
    numbers = b.to_float(b.op("Range", b.ints(0), most, b.ints(1)))
    counts = b.op("Unsqueeze", counts, b.ints([2]))
    within = b.op("Div", b.op("Add", numbers, b.constant(0.5)), counts)
    steps = b.op("Div", b.op("Add", b.constant(rows), within), b.constant(out))
    share = b.op("Where", b.op("Less", numbers, counts), b.op("Reciprocal", counts), b.constant(0))
    return steps, share


@rule("MaxRoiPool")
def max_roi_pool(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx[first maximum of each bin] += gy; the bins are whole elements, so regions have no gradient."""
    b.mix_batch()
    x = operand(node, 0)
    images, channels, height, width = b.sizes(x, 0, 1, 2, 3)
    out = list(integers(node, "pooled_shape"))
    rois = b.saved(operand(node, 1))
    rows, columns = (_bins(b, node, rois, axis, size, out[axis]) for axis, size in enumerate((height, width)))
    masks = b.op("Mul", b.op("Unsqueeze", rows, b.ints([2, 4])), b.op("Unsqueeze", columns, b.ints([1, 3])))
    flat_masks = b.op("Reshape", masks, b.ints([-1, 1, math.prod(out), height * width]))  # (R, 1, bins, H·W)
    image = b.op("Cast", b.op("Gather", rois, b.ints(0), axis=1), to=ir.DataType.INT64)
    seen = b.op("Gather", b.op("Reshape", b.saved(x), b.ints([images, channels, 1, -1])), image, axis=0)
    chosen = b.op("Greater", flat_masks, b.constant(0))
    lowest = b.constant(np.finfo(b.numpy_dtype).min)
    first = b.op("ArgMax", b.op("Where", chosen, seen, lowest), axis=3, keepdims=1)  # (R, C, bins, 1)
    hot = b.op("Equal", first, b.ints(list(range(height * width))))
    won = b.op("Mul", b.to_float(hot), flat_masks)
    signal = b.op("Unsqueeze", b.op("Reshape", gy, b.ints([-1, channels, math.prod(out)])), b.ints([3]))
    per_region = b.op("ReduceSum", b.op("Mul", won, signal), b.ints([2]), keepdims=0)  # (R, C, H·W)
    zeros = b.op("Mul", rois, b.constant(0))
    return [_sum_of_regions(b, image, per_region, (images, channels, height, width)), zeros]


def _bins(b: Builder, node: ir.Node, rois: ir.Value, axis: int, size: int, out: int) -> ir.Value:
    """Write the mask (R, out, size) of each bin: from ⌊i·extent/out⌋ to ⌈(i+1)·extent/out⌉, counted from the start."""
    scale = b.constant(number(node, "spatial_scale"))
    first, last = (b.op("Gather", rois, b.ints([number]), axis=1) for number in (2 - axis, 4 - axis))
    half = b.constant(0.5)
    begin, end = (b.op("Floor", b.op("Add", b.op("Mul", edge, scale), half)) for edge in (first, last))
    extent = b.op("Max", b.op("Add", b.op("Sub", end, begin), b.constant(1)), b.constant(1))
    step = b.op("Div", extent, b.constant(out))
    numbers = np.arange(out)[None]
    low = b.op("Add", begin, b.op("Floor", b.op("Mul", step, b.constant(numbers))))
    high = b.op("Add", begin, b.op("Ceil", b.op("Mul", step, b.constant(numbers + 1))))
    low, high = (b.op("Unsqueeze", value, b.ints([2])) for value in (low, high))
    places = b.constant(np.arange(size))
    above = b.to_float(b.op("GreaterOrEqual", places, low))
    return b.op("Mul", above, b.to_float(b.op("Less", places, high)))
