"""Quantized tensors on the way back: the convention, the scales, and where saturation stops the signal.

A tensor of codes q stands for real values x = (q − z)·s. Its gradient is the one **with respect to the code**, as if
codes were not rounded (the straight-through estimator: Bengio, Léonard & Courville 2013, arXiv 1308.3432, §4). So an
operator that works on integers as such (ConvInteger, MatMulInteger, Cast, MaxPool, Reshape…) keeps the derivative of
its own equation; QuantizeLinear divides by s, DequantizeLinear multiplies by s. Scales and zero points count as
constants, also where the model computes them (DynamicQuantizeLinear).

What saturates passes nothing. QuantizeLinear is given the unrounded x and passes what is rounded to a code of the
type's range, both ends included, as PyTorch's fake quantization does. An operator that gives codes (QLinearConv…)
shows no more than those: a code at an end counts as saturated, as the value 0 does for ReLU. Only the quantizer of an
output of the model passes all: a score that has reached the end of its range is still a score with reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.policies.saturation import is_output
from inspector.grad.rule import Gradients, Rule
from inspector.grad.writing.builder import Builder
from inspector.model.dequantize import spread
from inspector.operators.domains import Key
from inspector.registry import Registry
from inspector.types.arrays import Array

_SAME = 1e-6
"""A scale times its own reciprocal differs from 1 by less, in float32."""


@dataclass(frozen=True)
class RealNode:
    """The float node that a node on codes stands for, between dequantized tensors; it is in no graph."""

    node: ir.Node
    rule: Rule
    bias: Array | None = None
    """The constant that its operator adds beside its operands, as it broadcasts against the result."""

    def forward(self, b: Builder) -> ir.Value:
        """Write the result: neither rounded nor cut off."""
        operands = [b.saved(value) for value in self.node.inputs if value is not None]
        attributes = {name: attribute.value for name, attribute in self.node.attributes.items()}
        result = b.op(self.node.op_type, *operands, **attributes)
        return result if self.bias is None else b.op("Add", result, b.constant(self.bias))


class OnCodes(Protocol):
    """An operator on codes."""

    @property
    def op_type(self) -> str:
        """The float operator that it stands for."""

    def places(self, node: ir.Node) -> Sequence[int]:
        """Return which inputs of a node are the operands of the float operator."""

    def real(self, b: Builder, node: ir.Node) -> RealNode:
        """Write the dequantized operands and result of a node, and return the float node between them."""


ON_CODES: Registry[Key, OnCodes] = Registry("operator on codes", package="inspector.grad.rules")
"""By domain and operator."""


@dataclass(frozen=True)
class SaturatingRule:
    """The rule of an operator that gives codes: `linear` as if codes had no ends, after the mask of those `inside`."""

    linear: Rule
    inside: Callable[[Builder, ir.Node], ir.Value | None]
    """Writes the mask in the output's shape; None where this node cannot saturate."""

    def __call__(self, b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
        """gx = linear(gy · inside)."""
        mask = None if is_output(node.outputs[0]) else self.inside(b, node)
        if mask is None:
            return self.linear(b, node, gy)
        bare, factor = _peel(gy)
        return self.linear(b, node, rescale(b, b.op("Mul", bare, mask), by=factor))


def parameter(
    b: Builder, value: ir.Value | None, *, like: ir.Value, axis: int, block: int = 0
) -> Array | ir.Value | None:
    """Return a scale or zero point that broadcasts against the tensor `like`: an array, or a value where computed."""
    if value is None:
        return None
    array = b.array(value)
    if array is not None:
        wide = array.astype(b.numpy_dtype)
        return spread(wide, _slices(b, like, axis, block), axis=axis, block=block)
    if block:
        raise UnsupportedOperatorError(
            f"The blocked scale {value.name!r} is computed by the model; only constant ones have a gradient. "
            "Quantize with constant scales, or per tensor.",
            reason="COMPUTED_SCALE",
        )
    computed = as_float(b, value)
    if b.rank(value) != 1 or b.shape(value) == (1,):
        return computed
    return b.op(
        "Reshape", computed, b.ints([-1 if a == axis % b.rank(like) else 1 for a in range(b.rank(like))])
    )


def _slices(b: Builder, like: ir.Value, axis: int, block: int) -> list[int]:
    """Return a shape of the rank of `like`; only a blocked axis needs its true size."""
    shape = [1] * b.rank(like)
    if block:
        shape[axis] = b.sizes(like, axis)[0]
    return shape


def as_float(b: Builder, value: ir.Value) -> ir.Value:
    """Return a saved forward tensor, of codes or floats, in the graph's float type."""
    return b.to_float(b.saved(value))


def rescale(
    b: Builder, g: ir.Value, *, by: Array | ir.Value | None = None, over: Array | ir.Value | None = None
) -> ir.Value:
    """Write g · by / over. Constant scalars in a row become one: a pair of quantizer and dequantizer costs nothing."""
    if isinstance(by, ir.Value) or isinstance(over, ir.Value):
        g = g if by is None else b.op("Mul", g, written(b, by))
        return g if over is None else b.op("Div", g, written(b, over))
    factor = np.asarray(1.0 if by is None else by) / np.asarray(1.0 if over is None else over)
    if factor.size == 1:
        g, earlier = _peel(g)
        factor = factor.reshape(()) * earlier
        if abs(float(factor) - 1) < _SAME:
            return g
    return b.op("Mul", g, b.constant(factor))


def _peel(g: ir.Value) -> tuple[ir.Value, Array]:
    """Take a constant scalar factor off a gradient."""
    node = g.producer()
    if node is not None and node.op_type == "Mul":
        bare, factor = node.inputs
        constant = factor.const_value if factor is not None else None
        if bare is not None and constant is not None and constant.size == 1:
            return bare, constant.numpy().astype(np.float64).reshape(())
    return g, np.asarray(1.0)


def written(b: Builder, factor: Array | ir.Value) -> ir.Value:
    """Return a scale or zero point in the backward graph."""
    return factor if isinstance(factor, ir.Value) else b.constant(factor)


def code_type(b: Builder, zero: ir.Value | None, codes: ir.Value) -> ir.DataType:
    """Return the type of codes: that of their zero point, or their own."""
    array = b.array(zero)
    if array is not None:
        return ir.DataType.from_numpy(array.dtype)
    return b.dtype_of(zero if zero is not None else codes)


def within(b: Builder, codes: ir.Value, low: float, high: float, *, margin: float) -> ir.Value:
    """Write the mask of whole numbers: 1 where they lie within low − margin < code < high + margin, else 0."""
    middle, half = (low + high) / 2, (high - low) / 2
    distance = b.op("Abs", b.op("Sub", codes, b.constant(middle)))
    # 0 at the bound and 1 from the next whole number on: max(0, min(1, half + margin − |code − middle|)).
    return b.op("HardSigmoid", distance, alpha=-1.0, beta=half + margin)


def bounds_of_codes(scale: Array, zero: Array | None, low: float, high: float) -> tuple[float, float]:
    """Return the smallest and the largest float32 that are rounded to codes from `low` to `high`: round(x/s) + z."""
    step, shift = np.float32(scale.reshape(())), 0.0 if zero is None else float(zero.reshape(()))
    return _last(step, low - shift, -1), _last(step, high - shift, 1)


def _last(step: np.float32, whole: float, way: int) -> float:
    """Return the last float32 on the way up (1) or down (-1) that, divided by a step, is rounded to a whole number."""
    inside, outside = np.float32(whole * step), np.float32((whole + way) * step)
    while True:
        middle = np.float32((float(inside) + float(outside)) / 2)
        if middle in (inside, outside):
            return float(inside)
        if way * np.rint(middle / step) <= way * whole:
            inside = middle
        else:
            outside = middle
