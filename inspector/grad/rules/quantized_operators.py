"""Operators that compute on codes: the rule of their float twin, between dequantized tensors.

QLinearConv is quantize ∘ Conv ∘ dequantize, and so are its kin: y = q⁻¹(f(q(a), q(b), …)). Each is data: which float
operator f is, and where codes, scales and zero points lie among the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.policies.saturation import code_range
from inspector.grad.rule import Gradients, find_rule, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.quantization import (
    ON_CODES,
    RealNode,
    SaturatingRule,
    as_float,
    code_type,
    optional,
    parameter,
    rescale,
    within,
    written,
)
from inspector.model.codes import RESULT_SCALES
from inspector.model.dequantize import dequantize
from inspector.types.arrays import Array

_MICROSOFT = "com.microsoft"

_ONLY_ON_CODES = ("channels_last", "opset")
"""Attributes that the float operators do not have."""


@dataclass(frozen=True)
class Codes:
    """Where a tensor of codes lies among a node's inputs, with its scale and zero point; None is 1 and 0."""

    code: int
    scale: int | None = None
    zero: int | None = None
    axis: int = -1
    """Along which scales in a vector differ."""


@dataclass(frozen=True, kw_only=True)
class Twin:
    """The float operator that an operator on codes stands for."""

    op_type: str
    operands: Callable[[ir.Node], Sequence[Codes]]
    result_axis: int = -1
    """Along which scales of the output in a vector differ."""
    opset: Callable[[ir.Node], int] = lambda _: 13
    plain: tuple[int, ...] = ()
    """Inputs that hold no codes and come first in the float operator."""
    bias: int | None = None
    """The input that holds a bias."""

    def result(self, node: ir.Node) -> Codes | None:
        """Return the scale and zero point of the output; without them it holds plain integers or floats."""
        scale = RESULT_SCALES.get((node.domain, node.op_type))
        return None if scale is None else Codes(-1, scale, scale + 1, self.result_axis)

    def linear(self, b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
        """g(code a) = s(a) · ∂f/∂a · g(code y) / s(y)."""
        scale, twin = _result_scale(b, node, self.result(node)), self.real(b, node)
        found = twin.rule(b, twin.node, rescale(b, gy, over=scale))[len(self.plain) :]
        gradients: list[ir.Value | None] = [None] * len(node.inputs)
        for codes, gradient in zip(self.operands(node), found, strict=True):
            if gradient is not None and b.array(node.inputs[codes.code]) is None:
                gradients[codes.code] = rescale(b, gradient, by=_parameter(b, node, codes, codes.scale))
        return gradients

    def places(self, node: ir.Node) -> Sequence[int]:
        """Return which inputs are the operands of the float operator."""
        return [*self.plain, *(codes.code for codes in self.operands(node))]

    def real(self, b: Builder, node: ir.Node) -> RealNode:
        """Write the dequantized operands and result, and return the float node between them with its rule."""
        _require_channels_first(node)
        output = ir.val(f"{node.outputs[0].name}/real", dtype=b.dtype)
        b.lend(output, _real_output(b, node, self.result(node)), shape=b.shape(node.outputs[0]))
        reals = [node.inputs[index] for index in self.plain]
        reals += [_real(b, node, codes) for codes in self.operands(node)]
        attributes = [value for name, value in node.attributes.items() if name not in _ONLY_ON_CODES]
        twin = ir.Node("", self.op_type, reals, attributes, outputs=[output], name=node.name)
        float_rule = find_rule(twin, self.opset(node))
        if float_rule is None:
            raise UnsupportedOperatorError(
                f"Node {node.name!r} with operator {node.op_type} needs the backward rule of {self.op_type}, which "
                "does not exist. Choose a target below this node."
            )
        return RealNode(twin, float_rule, self._bias(b, node))

    def _bias(self, b: Builder, node: ir.Node) -> Array | None:
        """Return the constant bias, whose step is the product of the operands' steps."""
        codes = b.array(optional(node, self.bias))
        if codes is None:
            return None
        step = np.ones(())
        for operand_codes in self.operands(node):
            scale = b.array(optional(node, operand_codes.scale))
            if scale is None:
                return None
            step = step * np.squeeze(scale)
        real = codes * step
        return real if real.ndim > 1 else real.reshape(-1, *[1] * (b.rank(node.outputs[0]) - 2))

    def inside(self, b: Builder, node: ir.Node) -> ir.Value | None:
        """Write the mask of codes strictly within their type's range."""
        result = self.result(node)
        if result is None or optional(node, result.scale) is None:
            return None
        zero = optional(node, result.zero)
        low, high = code_range(code_type(b, zero, node.outputs[0]))
        return within(b, as_float(b, node.outputs[0]), low, high, margin=0)


def _require_channels_first(node: ir.Node) -> None:
    if node.attributes.get_int("channels_last", 0):
        raise UnsupportedOperatorError(
            f"Node {node.name!r} with operator {node.op_type} has channels_last = 1, which only the runtime's own "
            "optimizer writes. Give the model as it was before that optimization.",
            reason="CHANNELS_LAST",
        )


def _real(b: Builder, node: ir.Node, codes: Codes) -> ir.Value:
    """Return a stand-in for the real values of an operand: a constant, or dequantized from the saved codes."""
    value = operand(node, codes.code)
    name = f"{node.outputs[0].name}/{codes.code}/real"
    array = b.array(value)
    scale, zero = (_parameter(b, node, codes, index) for index in (codes.scale, codes.zero))
    if array is not None and not isinstance(scale, ir.Value) and not isinstance(zero, ir.Value):
        unit = b.numpy_dtype.type(1) if scale is None else scale
        tensor = ir.tensor(dequantize(array, unit, zero, axis=codes.axis), dtype=b.dtype, name=name)
        return ir.Value(name=name, type=ir.TensorType(b.dtype), const_value=tensor)
    stand_in = ir.val(name, dtype=b.dtype)
    b.lend(stand_in, _dequantized(b, value, scale, zero), shape=b.shape(value))
    return stand_in


def _real_output(b: Builder, node: ir.Node, result: Codes | None) -> ir.Value:
    if result is None:
        return as_float(b, node.outputs[0])
    zero = _parameter(b, node, result, result.zero)
    return _dequantized(b, node.outputs[0], _result_scale(b, node, result), zero)


def _dequantized(
    b: Builder, value: ir.Value, scale: Array | ir.Value | None, zero: Array | ir.Value | None
) -> ir.Value:
    codes = as_float(b, value)
    centerd = codes if zero is None else b.op("Sub", codes, written(b, zero))
    return rescale(b, centerd, by=scale)


def _result_scale(b: Builder, node: ir.Node, result: Codes | None) -> Array | ir.Value | None:
    return None if result is None else _parameter(b, node, result, result.scale)


def _parameter(b: Builder, node: ir.Node, codes: Codes, index: int | None) -> Array | ir.Value | None:
    like = node.outputs[0] if codes.code < 0 else operand(node, codes.code)
    return parameter(b, optional(node, index), like=like, axis=codes.axis)


def _fixed(*operands: Codes) -> Callable[[ir.Node], Sequence[Codes]]:
    return lambda _: operands


def _gemm_operands(node: ir.Node) -> Sequence[Codes]:
    """Scales of B differ from column to column of the product."""
    return Codes(0, 1, 2), Codes(3, 4, 5, axis=0 if node.attributes.get_int("transB", 0) else 1)


def _concat_operands(node: ir.Node) -> Sequence[Codes]:
    return [Codes(index, index + 1, index + 2) for index in range(2, len(node.inputs), 3)]


def _softmax_opset(node: ir.Node) -> int:
    return node.attributes.get_int("opset", 13) or 13


_ONE = _fixed(Codes(0, 1, 2))
_TWO = _fixed(Codes(0, 1, 2), Codes(3, 4, 5))

TWINS: dict[tuple[str, str], Twin] = {
    ("", "QLinearConv"): Twin(
        op_type="Conv", operands=_fixed(Codes(0, 1, 2), Codes(3, 4, 5, axis=0)), bias=8
    ),
    ("", "QLinearMatMul"): Twin(
        op_type="MatMul", operands=_fixed(Codes(0, 1, 2, axis=-2), Codes(3, 4, 5)), result_axis=-2
    ),
    ("", "ConvInteger"): Twin(op_type="Conv", operands=_fixed(Codes(0, None, 2), Codes(1, None, 3, axis=0))),
    ("", "MatMulInteger"): Twin(
        op_type="MatMul", operands=_fixed(Codes(0, None, 2, axis=-2), Codes(1, None, 3))
    ),
    (_MICROSOFT, "QLinearConv"): Twin(
        op_type="Conv", operands=_fixed(Codes(0, 1, 2), Codes(3, 4, 5, axis=0)), bias=8
    ),
    (_MICROSOFT, "QGemm"): Twin(op_type="Gemm", operands=_gemm_operands, bias=6),
    (_MICROSOFT, "QLinearAdd"): Twin(op_type="Add", operands=_TWO),
    (_MICROSOFT, "QLinearMul"): Twin(op_type="Mul", operands=_TWO),
    (_MICROSOFT, "QLinearConcat"): Twin(op_type="Concat", operands=_concat_operands),
    (_MICROSOFT, "QLinearGlobalAveragePool"): Twin(op_type="GlobalAveragePool", operands=_ONE),
    (_MICROSOFT, "QLinearAveragePool"): Twin(op_type="AveragePool", operands=_ONE),
    (_MICROSOFT, "QLinearSigmoid"): Twin(op_type="Sigmoid", operands=_ONE),
    (_MICROSOFT, "QLinearLeakyRelu"): Twin(op_type="LeakyRelu", operands=_ONE),
    (_MICROSOFT, "QLinearSoftmax"): Twin(op_type="Softmax", operands=_ONE, opset=_softmax_opset),
    (_MICROSOFT, "QLinearWhere"): Twin(
        op_type="Where", operands=_fixed(Codes(1, 2, 3), Codes(4, 5, 6)), plain=(0,)
    ),
    (_MICROSOFT, "DynamicQuantizeMatMul"): Twin(op_type="MatMul", operands=_fixed(Codes(0), Codes(1, 2, 3))),
    (_MICROSOFT, "MatMulIntegerToFloat"): Twin(
        op_type="MatMul", operands=_fixed(Codes(0, 2, 4), Codes(1, 3, 5))
    ),
}
"""By domain and operator."""

for (_domain, _op_type), _twin in TWINS.items():
    ON_CODES.add((_domain, _op_type), _twin)
    rule(_op_type, since=10 if not _domain else 1, domain=_domain)(SaturatingRule(_twin.linear, _twin.inside))
