"""The step of the quantizer that an output comes from."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.model.codes import codes_of
from inspector.operators.domains import is_standard
from inspector.operators.families import DEQUANTIZERS, REARRANGERS


def code_step(model: ir.Model, tensor: str) -> float | None:
    """Return how far two neighboring values of a tensor are apart, at most; None where no quantizer says it.

    Of a tensor of codes that is 1: they are compared as they are.
    """
    value = _value(model, tensor)
    while value is not None:
        if codes_of(value) is not None:
            return 1.0
        node = value.producer()
        if node is None or not is_standard(node):
            return None
        if node.op_type in DEQUANTIZERS:
            codes = None if node.inputs[0] is None else codes_of(node.inputs[0])
            return None if codes is None else float(np.max(np.abs(codes.scale.astype(np.float64))))
        value = node.inputs[0] if node.op_type in REARRANGERS else None
    return None


def _value(model: ir.Model, tensor: str) -> ir.Value | None:
    made = (value for node in model.graph for value in node.outputs if value.name == tensor)
    return next(made, None)
