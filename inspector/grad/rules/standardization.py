"""Normalizations by the statistics of the tensor itself.

They share x̂ = (x − mean)/√(var + ε) over some axes, whose gradient for g = ∂/∂x̂ is
gx = (g − mean(g) − x̂·mean(g·x̂))/√(var + ε) (Ioffe & Szegedy 2015, §3; Ba et al. 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import Gradients, operand, optional, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer, integers, number


@dataclass(frozen=True)
class _Standardized:
    """x̂ and 1/√(var + ε) over axes, and the gradient through both."""

    b: Builder
    value: ir.Value
    inverse: ir.Value
    axes: ir.Value
    centered: bool

    def gradient(self, g: ir.Value) -> ir.Value:
        """Return gx from g, the gradient of x̂."""
        shared = self.b.op("Mul", self.value, self._mean(self.b.op("Mul", g, self.value)))
        if self.centered:
            shared = self.b.op("Add", shared, self._mean(g))
        return self.b.op("Mul", self.inverse, self.b.op("Sub", g, shared))

    def _mean(self, value: ir.Value) -> ir.Value:
        return self.b.op("ReduceMean", value, self.axes, keepdims=1)


def _standardize(
    b: Builder, x: ir.Value, axes: Sequence[int], *, epsilon: float, centered: bool = True
) -> _Standardized:
    if 0 in axes:
        b.mix_batch()
    over = b.ints(list(axes))
    center = b.op("Sub", x, b.op("ReduceMean", x, over, keepdims=1)) if centered else x
    variance = b.op("ReduceMean", b.op("Mul", center, center), over, keepdims=1)
    inverse = b.op("Reciprocal", b.op("Sqrt", b.op("Add", variance, b.constant(epsilon))))
    return _Standardized(b, b.op("Mul", center, inverse), inverse, over, centered)


@rule("LayerNormalization", since=17)
@rule("RMSNormalization", since=23)
def layer_normalization(b: Builder, node: ir.Node, *gys: ir.Value | None) -> Gradients:
    """y = x̂·scale + bias over the axes from `axis` on; RMSNormalization subtracts no mean and adds no bias."""
    x, scale = operand(node, 0), operand(node, 1)
    gy = _only_first(node, gys)
    rank = b.rank(x)
    axes = range(integer(node, "axis") % rank, rank)
    centered = node.op_type == "LayerNormalization"
    standard = _standardize(b, b.saved(x), axes, epsilon=number(node, "epsilon"), centered=centered)
    gradients = [
        standard.gradient(b.op("Mul", gy, b.saved(scale))),
        _of_parameter(b, b.op("Mul", gy, standard.value), scale, x),
    ]
    bias = optional(node, 2)
    gradients += [None if bias is None else _of_parameter(b, gy, bias, x)]
    return gradients[: len(node.inputs)]


@rule("InstanceNormalization")
def instance_normalization(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x̂·scale + bias, each channel over its space (Ulyanov et al. 2016, eq. 2)."""
    x, scale, bias = (operand(node, index) for index in range(3))
    rank = b.rank(x)
    standard = _standardize(b, b.saved(x), range(2, rank), epsilon=number(node, "epsilon"))
    gx = standard.gradient(b.op("Mul", gy, _along_channels(b, scale, rank)))
    return [
        gx,
        _per_channel(b, b.op("Mul", gy, standard.value), scale, rank),
        _per_channel(b, gy, bias, rank),
    ]


@rule("GroupNormalization", since=21)
def group_normalization(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x̂·scale + bias, groups of channels over their space; one scale per channel (Wu & He 2018, §3.1)."""
    x, scale, bias = (operand(node, index) for index in range(3))
    rank, grouped = b.rank(x), _groups(b, node)
    standard = _standardize(b, b.op("Reshape", b.saved(x), grouped), [2], epsilon=number(node, "epsilon"))
    g = b.op("Reshape", b.op("Mul", gy, _along_channels(b, scale, rank)), grouped)
    gx = b.op("Reshape", standard.gradient(g), b.shape_like(x))
    value = b.op("Reshape", standard.value, b.shape_like(x))
    return [gx, _per_channel(b, b.op("Mul", gy, value), scale, rank), _per_channel(b, gy, bias, rank)]


@rule("GroupNormalization", since=18)
def group_normalization_18(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """As since 21, with one scale per group."""
    x, scale, bias = (operand(node, index) for index in range(3))
    grouped = _groups(b, node)
    standard = _standardize(b, b.op("Reshape", b.saved(x), grouped), [2], epsilon=number(node, "epsilon"))
    g = b.op("Reshape", gy, grouped)
    gx = standard.gradient(b.op("Mul", g, _along_channels(b, scale, 3)))
    return [
        b.op("Reshape", gx, b.shape_like(x)),
        _per_channel(b, b.op("Mul", g, standard.value), scale, 3),
        _per_channel(b, g, bias, 3),
    ]


@rule("MeanVarianceNormalization", since=9)
def mean_variance_normalization(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x̂ over chosen axes; ε stands for the 1e-9 that is added to the deviation."""
    x = operand(node, 0)
    axes = integers(node, "axes")
    standard = _standardize(b, b.saved(x), sorted(axis % b.rank(x) for axis in axes), epsilon=1e-18)
    return [standard.gradient(gy)]


@rule("LpNormalization")
def lp_normalization(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = x/n, n = ‖x‖_p along an axis: gx = (gy − d·Σ gy·y)/n with d = ∂n/∂x (0 where n = 0).

    d is y for p = 2, and sign(x) for p = 1.
    """
    x = operand(node, 0)
    axis = integer(node, "axis") % b.rank(x)
    if axis == 0:
        b.mix_batch()
    p, over, y = integer(node, "p"), b.ints([axis]), b.saved(node.outputs[0])
    length = b.op(f"ReduceL{p}", b.saved(x), over, keepdims=1)
    slope = y if p == 2 else b.op("Sign", b.saved(x))
    share = b.op("ReduceSum", b.op("Mul", gy, y), over, keepdims=1)
    gx = b.op("Div", b.op("Sub", gy, b.op("Mul", slope, share)), length)
    zero = b.constant(0)
    return [b.op("Where", b.op("Equal", length, zero), zero, gx)]


# --- parameters


def _groups(b: Builder, node: ir.Node) -> ir.Value:
    return b.ints([0, integer(node, "num_groups"), -1])


def _along_channels(b: Builder, parameter: ir.Value, rank: int) -> ir.Value:
    return b.op("Reshape", b.saved(parameter), b.ints([1, -1, *[1] * (rank - 2)]))


def _per_channel(b: Builder, gradient: ir.Value, parameter: ir.Value, rank: int) -> ir.Value | None:
    """Sum over all axes but the channels', unless the parameter is a constant."""
    if not b.wants(parameter):
        return None
    b.mix_batch()
    return b.op("ReduceSum", gradient, b.ints([0, *range(2, rank)]), keepdims=0)


def _of_parameter(b: Builder, gradient: ir.Value, parameter: ir.Value, x: ir.Value) -> ir.Value | None:
    return b.unbroadcast(gradient, parameter, x) if b.wants(parameter) else None


def _only_first(node: ir.Node, gys: Sequence[ir.Value | None]) -> ir.Value:
    """Return the gradient of y; the statistics, which inference does not use, have none."""
    if gys[0] is None or any(gy is not None for gy in gys[1:]):
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is a {node.op_type} whose statistics (outputs from the second on) are used; the "
            "backward rule knows the first output only. Export the model in inference mode (model.eval())."
        )
    return gys[0]
