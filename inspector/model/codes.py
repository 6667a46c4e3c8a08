"""Which tensors hold codes of quantized values, and the real values that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.dequantize import dequantize, spread
from inspector.types.arrays import Array

_MICROSOFT = "com.microsoft"

RESULT_SCALES: Mapping[tuple[str, str], int] = {
    ("", "QuantizeLinear"): 1,
    (_MICROSOFT, "QuantizeLinear"): 1,
    ("", "QLinearConv"): 6,
    (_MICROSOFT, "QLinearConv"): 6,
    ("", "QLinearMatMul"): 6,
    (_MICROSOFT, "QGemm"): 7,
    (_MICROSOFT, "QLinearAdd"): 6,
    (_MICROSOFT, "QLinearMul"): 6,
    (_MICROSOFT, "QLinearConcat"): 0,
    (_MICROSOFT, "QLinearGlobalAveragePool"): 3,
    (_MICROSOFT, "QLinearAveragePool"): 3,
    (_MICROSOFT, "QLinearSigmoid"): 3,
    (_MICROSOFT, "QLinearLeakyRelu"): 3,
    (_MICROSOFT, "QLinearSoftmax"): 3,
    (_MICROSOFT, "QLinearWhere"): 7,
}
"""By domain and operator: the input that holds its output's scale; the zero point is the next one."""

_MOVERS = frozenset(
    {
        "MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Slice", "Gather", "Split",
        "DepthToSpace", "SpaceToDepth", "Tile", "Expand", "Resize", "Upsample", "Clip", "Dropout",
    }
)  # fmt: skip
"""Operators that hand codes on: those of their output mean what those of their first input do."""


@dataclass(frozen=True, eq=False)
class Codes:
    """What the codes of a tensor stand for: x = (q − z)·s (ONNX, DequantizeLinear)."""

    scale: Array
    """One, or one per slice along `axis`."""
    zero: Array | None
    axis: int = 1

    def real(self, codes: Array) -> Array:
        """Return the real values of codes, in the type of the scale."""
        return dequantize(codes, self.scale, self.zero, axis=self.axis)

    def steps(self, rank: int) -> Array:
        """Return the step from one code to the next, as it broadcasts against a tensor of a rank."""
        return spread(self.scale, (1,) * rank, axis=self.axis)


def codes_of(value: ir.Value) -> Codes | None:
    """Return what a tensor's codes stand for; None where it holds no codes, or their scale is computed."""
    node, is_moved = value.producer(), False
    while node is not None and node.op_type in _MOVERS and node.domain == "" and node.inputs[0] is not None:
        node, is_moved = node.inputs[0].producer(), True
    index = RESULT_SCALES.get((node.domain, node.op_type)) if node is not None else None
    if node is None or index is None:
        return None
    scale = constant_value(node.inputs[index])
    zero_value = node.inputs[index + 1] if index + 1 < len(node.inputs) else None
    zero = constant_value(zero_value)
    if scale is None or (zero is None and zero_value is not None) or (is_moved and scale.size > 1):
        return None
    return Codes(scale, zero, node.attributes.get_int("axis", 1) or 0)


def carries_signal(value: ir.Value | None) -> bool:
    """Tell whether a tensor may carry what the image says: constants and what is made of computed scales do not."""
    seen: set[ir.Value] = set()
    pending = [value]
    while pending:
        made = pending.pop()
        if made is None or made in seen or constant_value(made) is not None:
            continue
        seen.add(made)
        node = made.producer()
        if node is None:
            return True
        if node.op_type == "DynamicQuantizeLinear":
            if made is node.outputs[0]:
                return True
        elif node.op_type in _SCALE_ARITHMETIC:
            pending.extend(node.inputs)
        else:
            return True
    return False


_SCALE_ARITHMETIC = frozenset({"Mul", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Identity"})
"""What exporters make of the scales of two operands before they multiply the result by it."""
