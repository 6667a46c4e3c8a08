"""Which quantizers act as rectifiers: exporters drop a ReLU that the saturation of the codes after it makes needless.

Where the zero point is the smallest code, no code stands for a negative value: saturation is ReLU, or ReLU6 where the
largest code stands for 6 (Jacob et al. 2018, arXiv 1712.05877, §2.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx_ir as ir

from inspector.model.codes import RESULT_SCALES
from inspector.model.const import constant_value

_MICROSOFT = "com.microsoft"

_RECTIFYING = frozenset(
    {
        ("", "QuantizeLinear"),
        (_MICROSOFT, "QuantizeLinear"),
        ("", "QLinearConv"),
        (_MICROSOFT, "QLinearConv"),
        ("", "QLinearMatMul"),
        (_MICROSOFT, "QGemm"),
        (_MICROSOFT, "QLinearAdd"),
    }
)
"""Domains and operators that may rectify what they quantize."""

_NON_NEGATIVE = frozenset({"Relu", "Sigmoid", "HardSigmoid", "Softmax", "Abs", "Exp"})
_FIRST_OPERAND = frozenset(
    {
        "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "ReduceMean", "ReduceMax", "Identity",
        "Dropout", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Pad", "Slice", "Resize",
    }
)  # fmt: skip
_ALL_OPERANDS = frozenset({"Add", "Sum", "Mul", "Max", "Concat"})
"""Operators whose output is not negative where their operands are not."""

_TO_OUTPUT = frozenset(
    {
        "DequantizeLinear", "Identity", "Cast", "Flatten", "Reshape", "Squeeze", "Transpose", "Softmax",
        "LogSoftmax", "Sigmoid", "QLinearSoftmax", "QLinearSigmoid",
    }
)  # fmt: skip

_LARGEST: Mapping[ir.DataType, float] = {
    ir.DataType.FLOAT8E4M3FN: 448,
    ir.DataType.FLOAT8E4M3FNUZ: 240,
    ir.DataType.FLOAT8E5M2: 57344,
    ir.DataType.FLOAT8E5M2FNUZ: 57344,
    ir.DataType.FLOAT4E2M1: 6,
}
"""The largest numbers of the small float types (ONNX, "Float stored in 8 bits" and "4 bit float")."""


def code_range(dtype: ir.DataType) -> tuple[float, float]:
    """Return the smallest and the largest code of a type."""
    if dtype.is_floating_point():
        return -_LARGEST[dtype], _LARGEST[dtype]
    codes = 2**dtype.bitwidth
    return (-codes // 2, codes // 2 - 1) if dtype.is_signed() else (0, codes - 1)


def cuts_off_negatives(node: ir.Node) -> bool:
    """Tell whether a node rectifies by saturation: its codes begin at 0, and what it quantizes may be negative."""
    key = (node.domain, node.op_type)
    if (
        key not in _RECTIFYING
        or not _is_smallest_code(node, RESULT_SCALES[key] + 1)
        or is_output(node.outputs[0])
    ):
        return False
    if node.op_type == "QuantizeLinear":
        return not _never_negative(node.inputs[0])
    if node.op_type == "QLinearAdd":
        return not (_is_smallest_code(node, 2) and _is_smallest_code(node, 5))
    return True


def is_output(codes: ir.Value) -> bool:
    """Tell whether codes are an output of the model, before a bias, a probability and the like."""
    if codes.is_graph_output():
        return True
    users = {node for node, _ in codes.uses()}
    return bool(users) and all(_leads_out(node, codes) for node in users)


def _leads_out(user: ir.Node, codes: ir.Value) -> bool:
    others = [value for value in user.inputs if value is not None and value is not codes]
    adds_bias = user.op_type in ("Add", "QLinearAdd") and all(constant_value(v) is not None for v in others)
    return (adds_bias or user.op_type in _TO_OUTPUT) and is_output(user.outputs[0])


def _is_smallest_code(node: ir.Node, index: int) -> bool:
    zero = constant_value(node.inputs[index]) if index < len(node.inputs) else None
    if zero is None:
        return index >= len(node.inputs) and node.op_type == "QuantizeLinear"  # 0 of uint8, by default
    smallest, _ = code_range(ir.DataType.from_numpy(zero.dtype))
    return bool(np.all(zero.astype(np.float64) == smallest))


def _never_negative(value: ir.Value | None) -> bool:
    """Tell whether a tensor is known to have no negative values. The image counts too: no layer computes it."""
    seen: set[ir.Value] = set()
    pending = [value]
    while pending:
        operand = pending.pop()
        if operand is None or operand in seen:
            continue
        seen.add(operand)
        rest = _negative_only_with(operand)
        if rest is None:
            return False
        pending.extend(rest)
    return True


def _negative_only_with(value: ir.Value) -> Sequence[ir.Value | None] | None:
    """Return the tensors that must have negative values for this one to have any; None where it may without."""
    array = constant_value(value)
    if array is not None:
        return () if np.all(array.astype(np.float64) >= 0) else None
    node = value.producer()
    if node is None or node.op_type in _NON_NEGATIVE:
        return ()
    if node.op_type == "DequantizeLinear":
        return () if _is_smallest_code(node, 2) else None
    if node.op_type == "Clip":
        low = (
            constant_value(node.inputs[1]) if len(node.inputs) > 1 else node.attributes.get_float("min", None)
        )
        return () if low is not None and float(low) >= 0 else None
    if node.op_type in _FIRST_OPERAND:
        return node.inputs[:1]
    return node.inputs if node.op_type in _ALL_OPERANDS else None
