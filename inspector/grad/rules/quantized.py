"""QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear: where codes begin and end."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.grad.policies.saturation import code_range
from inspector.grad.rule import QUANTIZERS, Gradients, operand, optional, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.quantization import (
    SaturatingRule,
    as_float,
    bounds_of_codes,
    code_type,
    parameter,
    rescale,
    within,
    written,
)
from inspector.operators.attributes import integer
from inspector.operators.domains import MICROSOFT, STANDARD
from inspector.types.arrays import Array

for _domain, _op_type in (
    (STANDARD, "QuantizeLinear"),
    (MICROSOFT, "QuantizeLinear"),
    (STANDARD, "DynamicQuantizeLinear"),
):
    QUANTIZERS.add(
        (_domain, _op_type), "its first output holds codes; scale and zero point count as constants"
    )


def _straight_through(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """q = round(x/s) + z: gx = gq/s."""
    return [rescale(b, gy, over=_scale(b, node)), *[None] * (len(node.inputs) - 1)]


def _inside(b: Builder, node: ir.Node) -> ir.Value:
    """Write the mask of what is rounded to a code of the type, both ends included."""
    x, zero = operand(node, 0), optional(node, 2)
    dtype = code_type(b, zero, node.outputs[0])
    low, high = code_range(dtype)
    scale, shift = _scale(b, node), _parameter(b, node, zero)
    is_whole = not dtype.is_floating_point()
    bounds = _bounds(scale, shift, low, high) if is_whole else None
    if bounds is not None and b.dtype == b.dtype_of(x) == ir.DataType.FLOAT:
        return b.within(b.saved(x), *bounds)
    ratio = b.op("Div", as_float(b, x), written(b, scale))
    if not is_whole:  # float8: nothing is rounded to whole numbers
        return b.to_float(b.op("LessOrEqual", b.op("Abs", ratio), b.constant(high)))
    codes = b.op("Round", ratio)
    if shift is not None:
        codes = b.op("Add", codes, written(b, shift))
    return within(b, codes, low, high, margin=1)


def _bounds(
    scale: Array | ir.Value, shift: Array | ir.Value | None, low: float, high: float
) -> tuple[float, float] | None:
    """Return which numbers are not cut off, where that is one constant for all elements, as it is of activations."""
    if not isinstance(scale, np.ndarray) or scale.size != 1 or not 0 < float(scale.reshape(())) < np.inf:
        return None
    if isinstance(shift, ir.Value) or (shift is not None and shift.size != 1):
        return None
    return bounds_of_codes(scale, shift, low, high)


_quantize_linear = SaturatingRule(_straight_through, _inside)
rule("QuantizeLinear", since=10)(_quantize_linear)
rule("QuantizeLinear", domain=MICROSOFT)(_quantize_linear)


@rule("DequantizeLinear", since=10)
@rule("DequantizeLinear", domain=MICROSOFT)
def dequantize_linear(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """x = (q − z)·s: gq = gx·s."""
    return [rescale(b, gy, by=_scale(b, node)), *[None] * (len(node.inputs) - 1)]


@rule("DynamicQuantizeLinear", since=11)
def dynamic_quantize_linear(b: Builder, node: ir.Node, gy: ir.Value, *_: ir.Value | None) -> Gradients:
    """q = round(x/s) + z: gx = gq/s. The range is that of x, so nothing saturates."""
    return [b.op("Div", gy, b.saved(node.outputs[1]))]


def _scale(b: Builder, node: ir.Node) -> Array | ir.Value:
    scale = _parameter(b, node, operand(node, 1))
    if scale is None:
        raise ValueError(f"{node.op_type} without a scale.")
    return scale


def _parameter(b: Builder, node: ir.Node, value: ir.Value | None) -> Array | ir.Value | None:
    axis, block = integer(node, "axis"), integer(node, "block_size")
    return parameter(b, value, like=operand(node, 0), axis=axis, block=block)
