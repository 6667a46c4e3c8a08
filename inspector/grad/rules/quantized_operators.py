"""Operators that compute on codes: the rule of their float twin, between dequantized tensors.

QLinearConv is quantize ∘ Conv ∘ dequantize, and so are its kin: y = q⁻¹(f(q(a), q(b), …)). Which float operator f is,
and where codes, scales and zero points lie among the inputs, is said in inspector.operators.twins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.policies.saturation import code_range
from inspector.grad.rule import Gradients, find_rule, operand, optional, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.quantization import (
    ON_CODES,
    RealNode,
    SaturatingRule,
    as_float,
    code_type,
    parameter,
    rescale,
    within,
    written,
)
from inspector.model.dequantize import dequantize
from inspector.operators.attributes import flag
from inspector.operators.domains import STANDARD
from inspector.operators.twins import TWINS, CodesResult, Operand, QuantizedTwin
from inspector.types.arrays import Array


@dataclass(frozen=True, kw_only=True)
class Between:
    """The float operator of a twin, between the dequantized operands and result of its nodes."""

    twin: QuantizedTwin

    @property
    def op_type(self) -> str:
        """The float operator."""
        return self.twin.float_operator

    def linear(self, b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
        """g(code a) = s(a) · ∂f/∂a · g(code y) / s(y)."""
        scale, real = _result_scale(b, node, self.twin.result), self.real(b, node)
        found = real.rule(b, real.node, rescale(b, gy, over=scale))[len(self.twin.plain) :]
        gradients: list[ir.Value | None] = [None] * len(node.inputs)
        for codes, gradient in zip(self.twin.operands_of(node), found, strict=True):
            if gradient is not None and b.array(node.inputs[codes.value]) is None:
                scale = _operand_parameter(b, node, codes, codes.scale)
                gradients[codes.value] = rescale(b, gradient, by=scale)
        return gradients

    def places(self, node: ir.Node) -> Sequence[int]:
        """Return which inputs are the operands of the float operator."""
        return self.twin.places(len(node.inputs))

    def real(self, b: Builder, node: ir.Node) -> RealNode:
        """Write the dequantized operands and result, and return the float node between them with its rule."""
        _require_channels_first(node)
        output = ir.val(f"{node.outputs[0].name}/real", dtype=b.dtype)
        b.lend(output, _real_output(b, node, self.twin.result), shape=b.shape(node.outputs[0]))
        reals = [node.inputs[index] for index in self.twin.plain]
        reals += [_real(b, node, codes) for codes in self.twin.operands_of(node)]
        attributes = [
            value for name, value in node.attributes.items() if name not in self.twin.own_attributes
        ]
        real = ir.Node(STANDARD, self.op_type, reals, attributes, outputs=[output], name=node.name)
        float_rule = find_rule(real, self.twin.opset_of(node))
        if float_rule is None:
            raise UnsupportedOperatorError(
                f"Node {node.name!r} with operator {node.op_type} needs the backward rule of {self.op_type}, which "
                "does not exist. Choose a target below this node."
            )
        return RealNode(real, float_rule, self._bias(b, node))

    def _bias(self, b: Builder, node: ir.Node) -> Array | None:
        """Return the constant bias, whose step is the product of the operands' steps."""
        codes = b.array(optional(node, self.twin.bias))
        if codes is None:
            return None
        step = np.ones(())
        for operand_codes in self.twin.operands_of(node):
            scale = b.array(optional(node, operand_codes.scale))
            if scale is None:
                return None
            step = step * np.squeeze(scale)
        real = codes * step
        return real if real.ndim > 1 else real.reshape(-1, *[1] * (b.rank(node.outputs[0]) - 2))

    def inside(self, b: Builder, node: ir.Node) -> ir.Value | None:
        """Write the mask of codes strictly within their type's range."""
        result = self.twin.result
        if result is None or optional(node, result.scale) is None:
            return None
        zero = optional(node, result.zero_point)
        low, high = code_range(code_type(b, zero, node.outputs[0]))
        return within(b, as_float(b, node.outputs[0]), low, high, margin=0)


def _require_channels_first(node: ir.Node) -> None:
    if flag(node, "channels_last"):
        raise UnsupportedOperatorError(
            f"Node {node.name!r} with operator {node.op_type} has channels_last = 1, which only the runtime's own "
            "optimizer writes. Give the model as it was before that optimization.",
            reason="CHANNELS_LAST",
        )


def _real(b: Builder, node: ir.Node, codes: Operand) -> ir.Value:
    """Return a stand-in for the real values of an operand: a constant, or dequantized from the saved codes."""
    value = operand(node, codes.value)
    name = f"{node.outputs[0].name}/{codes.value}/real"
    array = b.array(value)
    scale, zero = (_operand_parameter(b, node, codes, index) for index in (codes.scale, codes.zero_point))
    if array is not None and not isinstance(scale, ir.Value) and not isinstance(zero, ir.Value):
        unit = b.numpy_dtype.type(1) if scale is None else scale
        tensor = ir.tensor(dequantize(array, unit, zero, axis=codes.axis), dtype=b.dtype, name=name)
        return ir.Value(name=name, type=ir.TensorType(b.dtype), const_value=tensor)
    stand_in = ir.val(name, dtype=b.dtype)
    b.lend(stand_in, _dequantized(b, value, scale, zero), shape=b.shape(value))
    return stand_in


def _real_output(b: Builder, node: ir.Node, result: CodesResult | None) -> ir.Value:
    if result is None:
        return as_float(b, node.outputs[0])
    zero = parameter(b, optional(node, result.zero_point), like=node.outputs[0], axis=result.axis)
    return _dequantized(b, node.outputs[0], _result_scale(b, node, result), zero)


def _dequantized(
    b: Builder, value: ir.Value, scale: Array | ir.Value | None, zero: Array | ir.Value | None
) -> ir.Value:
    codes = as_float(b, value)
    centered = codes if zero is None else b.op("Sub", codes, written(b, zero))
    return rescale(b, centered, by=scale)


def _result_scale(b: Builder, node: ir.Node, result: CodesResult | None) -> Array | ir.Value | None:
    if result is None:
        return None
    return parameter(b, optional(node, result.scale), like=node.outputs[0], axis=result.axis)


def _operand_parameter(
    b: Builder, node: ir.Node, codes: Operand, index: int | None
) -> Array | ir.Value | None:
    return parameter(b, optional(node, index), like=operand(node, codes.value), axis=codes.axis)


for _key, _twin in TWINS.items():
    if _twin.has_kernel:
        _between = Between(twin=_twin)
        ON_CODES.add(_key, _between)
        rule(_twin.op_type, since=_twin.since, domain=_twin.domain)(
            SaturatingRule(_between.linear, _between.inside)
        )
