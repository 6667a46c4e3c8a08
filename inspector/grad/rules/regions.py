"""RoiAlign: pooling of regions (He et al. 2017, Mask R-CNN, §3)."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.builder import Builder
from inspector.grad.rule import Gradients, operand, rule


@rule("RoiAlign")
def roi_align(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = Σ over the regions r of their image: Aᵣᵀ·gyᵣ·Bᵣ, bilinear weights of rows and columns."""
    return _roi_align(b, node, gy, half_pixel=False)


@rule("RoiAlign", since=16)
def roi_align_half_pixel(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Like roi_align; the coordinate transformation is an attribute, half_pixel by default."""
    transformation = node.attributes.get_string("coordinate_transformation_mode", "half_pixel")
    return _roi_align(b, node, gy, half_pixel=transformation == "half_pixel")


def _roi_align(b: Builder, node: ir.Node, gy: ir.Value, *, half_pixel: bool) -> Gradients:
    b.mix_batch()
    samples = _samples(node)
    x = operand(node, 0)
    images, channels, height, width = b.sizes(x, 0, 1, 2, 3)
    rows = _weights(b, node, 1, "output_height", height, samples=samples, half_pixel=half_pixel)
    columns = _weights(b, node, 0, "output_width", width, samples=samples, half_pixel=half_pixel)
    across = b.op("MatMul", gy, b.op("Unsqueeze", columns, b.ints([1])))  # (R, C, out, W)
    strips = b.op("Reshape", b.op("Transpose", across, perm=[0, 2, 1, 3]), b.ints([-1, channels * width]))
    own = b.op("Equal", b.saved(operand(node, 2)), b.ints(np.arange(images)[:, None].tolist()))  # (N, R)
    of_image = b.op("Unsqueeze", b.op("Cast", own, to=b.dtype), b.ints([2, 3]))
    chosen = b.op("Reshape", b.op("Mul", of_image, rows), b.ints([images, -1, height]))  # (N, R·out, H)
    gx = b.op("MatMul", b.op("Transpose", chosen, perm=[0, 2, 1]), strips)  # (N, H, C·W)
    parted = b.op("Reshape", gx, b.ints([images, height, channels, width]))
    return [b.op("Transpose", parted, perm=[0, 2, 1, 3]), None, None]


def _samples(node: ir.Node) -> int:
    samples = node.attributes.get_int("sampling_ratio", 0) or 0
    mode = node.attributes.get_string("mode", "avg")
    if mode != "avg" or samples < 1:
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a RoiAlign with mode {mode!r} and sampling_ratio {samples}; the rule knows "
            "'avg' with a sampling_ratio of 1 or more (0 lets the regions decide). Export it with those, or choose a "
            "source before it."
        )
    return samples


def _weights(
    b: Builder, node: ir.Node, column: int, attribute: str, size: int, *, samples: int, half_pixel: bool
) -> ir.Value:
    """Write (R, out, size): how much of each input row (column) is in each output row of each region."""
    out = node.attributes.get_int(attribute, 1) or 1
    scale = node.attributes.get_float("spatial_scale", 1.0)
    rois = b.op("Mul", b.saved(operand(node, 1)), b.constant(scale or 1.0))
    begin, end = (b.op("Gather", rois, b.ints([at]), axis=1) for at in (column, column + 2))
    extent = b.op("Sub", end, begin)
    if half_pixel:
        begin = b.op("Sub", begin, b.constant(0.5))
    else:
        extent = b.op("Max", extent, b.constant(1))
    steps = (np.arange(out)[:, None] + (np.arange(samples) + 0.5) / samples) / out
    begin, extent = (b.op("Unsqueeze", value, b.ints([2])) for value in (begin, extent))
    at = b.op("Add", begin, b.op("Mul", extent, b.constant(steps[None])))  # (R, out, samples)
    inside = b.op("Equal", at, b.op("Clip", at, b.constant(-1), b.constant(size)))
    on = b.op("Clip", at, b.constant(0), b.constant(size - 1))
    distance = b.op("Abs", b.op("Sub", b.op("Unsqueeze", on, b.ints([3])), b.constant(np.arange(size))))
    hats = b.op("Relu", b.op("Sub", b.constant(1), distance))
    kept = b.op("Mul", hats, b.op("Unsqueeze", b.op("Cast", inside, to=b.dtype), b.ints([3])))
    return b.op("ReduceMean", kept, b.ints([2]), keepdims=0)
