"""Operators whose output at a place depends on that place alone, with broadcasting."""

from __future__ import annotations

import onnx_ir as ir

from inspector.model.receptive.field import Field, merge
from inspector.model.receptive.rules.context import Context, Rule

ONE_INPUT = [
    "Abs",
    "Acos",
    "Acosh",
    "Affine",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "BatchNormalization",
    "BiasGelu",
    "BitShift",
    "BitwiseNot",
    "Cast",
    "CastLike",
    "Ceil",
    "Celu",
    "Clip",
    "Cos",
    "Cosh",
    "DequantizeLinear",
    "Dropout",
    "DynamicQuantizeLinear",
    "Elu",
    "Erf",
    "Exp",
    "FastGelu",
    "Floor",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "ImageScaler",
    "IsInf",
    "IsNaN",
    "LRN",
    "LeakyRelu",
    "Log",
    "Mish",
    "Neg",
    "Not",
    "ParametricSoftplus",
    "QLinearLeakyRelu",
    "QLinearSigmoid",
    "QuantizeLinear",
    "QuickGelu",
    "Reciprocal",
    "Relu",
    "Round",
    "Scale",
    "ScaledTanh",
    "Selu",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
]
"""Their other inputs are parameters. LRN looks at neighboring channels, but not beyond its place."""

MANY_INPUTS = [
    "Add",
    "And",
    "BitwiseAnd",
    "BitwiseOr",
    "BitwiseXor",
    "Div",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Max",
    "Mean",
    "Min",
    "Mod",
    "Mul",
    "Or",
    "Pow",
    "PRelu",
    "QLinearAdd",
    "QLinearMul",
    "Sub",
    "Sum",
    "Where",
    "Xor",
]


def one_input(_node: ir.Node, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """The first input's field, where nothing else depends on the image."""
    return inputs[0] if all(field is None for field in inputs[1:]) else None


def many_inputs(node: ir.Node, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """The union of the inputs' windows, axes aligned at the end."""
    fields = [field for field in inputs if field is not None]
    ranks = [context.rank(value) for value in node.inputs]
    known = [rank for rank in (*ranks, context.rank(node.outputs[index])) if rank is not None]
    return merge(fields, max([*known, *(len(field.roles) for field in fields)]))


ELEMENTWISE_RULES: dict[str, Rule] = dict.fromkeys(ONE_INPUT, one_input) | dict.fromkeys(
    MANY_INPUTS, many_inputs
)
