"""Which quantizers act as rectifiers: exporters drop a ReLU that the saturation of the codes after it makes needless.

Where the zero point is the smallest code, no code stands for a negative value: saturation is ReLU, or ReLU6 where the
largest code stands for 6 (Jacob et al. 2018, arXiv 1712.05877, §2.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.uniform import bound_of
from inspector.operators.domains import key_of
from inspector.operators.families import DEQUANTIZERS, LINEAR, NON_NEGATIVE, REARRANGERS, RESIZERS, SELECTORS
from inspector.operators.twins import TWINS, float_operator, result_of

_RECTIFYING = LINEAR | {"Add"}
"""Float operators whose quantized result may be rectified by its saturation."""

_FIRST_OPERAND = (
    REARRANGERS
    | SELECTORS
    | RESIZERS
    | {"AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool", "Pad", "ReduceMax", "ReduceMean"}
)
"""Operators whose output is not negative where their first operand is not."""

_ALL_OPERANDS = frozenset({"Add", "Sum", "Mul", "Max", "Concat"})
"""Operators whose output is not negative where none of their operands is."""

_TO_OUTPUT = (
    REARRANGERS - {"Dropout", "Unsqueeze"} | DEQUANTIZERS | {"Cast", "LogSoftmax", "Sigmoid", "Softmax"}
)
"""What stands between the last scores and the output."""

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


def lower_bound(clip: ir.Node) -> float | None:
    """Return the constant lower bound of a Clip: an attribute until opset 11, an input since."""
    return bound_of(clip, "min", 1)


def cuts_off_negatives(node: ir.Node) -> bool:
    """Return whether a node rectifies by saturation: its codes begin at 0, and what it quantizes may be negative."""
    result, twin = result_of(node), TWINS.get(key_of(node))
    if result is None or is_output(node.outputs[0]) or not _is_smallest_code(node, result.zero_point):
        return False
    if twin is None:
        return not _never_negative(node.inputs[0])
    if twin.float_operator not in _RECTIFYING:
        return False
    operands = twin.operands_of(node)
    return twin.float_operator != "Add" or not all(_is_smallest_code(node, x.zero_point) for x in operands)


def is_output(codes: ir.Value) -> bool:
    """Return whether codes are an output of the model, before a bias, a probability and the like."""
    if codes.is_graph_output():
        return True
    users = {node for node, _ in codes.uses()}
    return bool(users) and all(_leads_out(node, codes) for node in users)


def _leads_out(user: ir.Node, codes: ir.Value) -> bool:
    others = [value for value in user.inputs if value is not None and value is not codes]
    adds_bias = float_operator(user) == "Add" and all(constant_value(v) is not None for v in others)
    return (adds_bias or float_operator(user) in _TO_OUTPUT) and is_output(user.outputs[0])


def _is_smallest_code(node: ir.Node, index: int | None) -> bool:
    if index is None:
        return False
    zero = constant_value(node.inputs[index]) if index < len(node.inputs) else None
    if zero is None:
        return index >= len(node.inputs) and node.op_type == "QuantizeLinear"  # 0 of uint8, by default
    smallest, _ = code_range(ir.DataType.from_numpy(zero.dtype))
    return bool(np.all(zero.astype(np.float64) == smallest))


def _never_negative(value: ir.Value | None) -> bool:
    """Return whether a tensor is known to have no negative values. The image counts too: no layer computes it."""
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
    if node is None or node.op_type in NON_NEGATIVE:
        return ()
    if node.op_type in DEQUANTIZERS:
        return () if _is_smallest_code(node, 2) else None
    if node.op_type == "Clip":
        low = lower_bound(node)
        return () if low is not None and low >= 0 else None
    if node.op_type in _FIRST_OPERAND:
        return node.inputs[:1]
    return node.inputs if node.op_type in _ALL_OPERANDS else None
