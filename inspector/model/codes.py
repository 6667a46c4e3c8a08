"""Which tensors hold codes of quantized values, and the real values that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.dequantize import dequantize, spread
from inspector.operators.attributes import integer
from inspector.operators.domains import is_standard
from inspector.operators.families import CODE_KEEPERS, QUANTIZERS, RANGE_MEASURERS, SCALE_ARITHMETIC
from inspector.operators.twins import result_of
from inspector.types.arrays import Array


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

    def nearest(self, values: Array, dtype: np.dtype[Any]) -> Array:
        """Return the codes of an integer type that stand for real values most nearly: saturate(round(x / s) + z)."""
        steps = spread(self.scale, values.shape, axis=self.axis).astype(np.float64)
        codes = np.rint(values.astype(np.float64) / steps)
        if self.zero is not None:
            codes = codes + spread(self.zero, values.shape, axis=self.axis).astype(np.float64)
        ends = np.iinfo(dtype)
        found: Array = np.clip(codes, ends.min, ends.max).astype(dtype)
        return found

    def steps(self, rank: int) -> Array:
        """Return the step from one code to the next, as it broadcasts against a tensor of a rank."""
        return spread(self.scale, (1,) * rank, axis=self.axis)


def codes_of(value: ir.Value) -> Codes | None:
    """Return what a tensor's codes stand for; None where it holds no codes, or their scale is computed."""
    node, is_moved = value.producer(), False
    while (
        node is not None and is_standard(node) and node.op_type in CODE_KEEPERS and node.inputs[0] is not None
    ):
        node, is_moved = node.inputs[0].producer(), True
    result = result_of(node) if node is not None else None
    if node is None or result is None:
        return None
    scale = constant_value(node.inputs[result.scale])
    zero_value = node.inputs[result.zero_point] if result.zero_point < len(node.inputs) else None
    zero = constant_value(zero_value)
    if scale is None or (zero is None and zero_value is not None) or (is_moved and scale.size > 1):
        return None
    axis = integer(node, "axis") if node.op_type in QUANTIZERS else result.axis
    return Codes(scale, zero, axis)


def carries_signal(value: ir.Value | None) -> bool:
    """Return whether a tensor may carry what the image says: constants and what is made of computed scales do not."""
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
        if node.op_type in RANGE_MEASURERS:
            if made is node.outputs[0]:
                return True
        elif node.op_type in SCALE_ARITHMETIC:
            pending.extend(node.inputs)
        else:
            return True
    return False
