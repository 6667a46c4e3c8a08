"""Small graphs of one kind of work each, by which a machine's speed is measured."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.graph.incremental.work import DENSE_WORK, GROUPED_WORK, POOL_WORK
from inspector.graph.writer import Writer

CHANNELS = 64
INPUT, OUTPUT = "x", "y"


def yardstick(kind: str, *, coded: bool) -> tuple[ir.Model, float]:
    """Return a graph (n, CHANNELS, height, width) -> maps of the same size without border, and its work per place.

    Where `coded`, it takes and gives uint8 codes, with QuantizeLinear and DequantizeLinear about the operator.
    """
    writer = Writer(prefix="yardstick_")
    rng = np.random.default_rng(0)
    shape = ("n", CHANNELS, "h", "w")
    x = writer.input(INPUT, shape, dtype=ir.DataType.UINT8 if coded else None)
    scale, zero = writer.constant(0.05), writer.array_constant(np.asarray(0, np.uint8))
    value = writer.op("DequantizeLinear", x, scale, zero) if coded else x
    if kind in (DENSE_WORK, GROUPED_WORK):
        groups = CHANNELS if kind == GROUPED_WORK else 1
        filters = rng.standard_normal((CHANNELS, CHANNELS // groups, 3, 3))
        weights = writer.constant(filters)
        if coded:
            codes = writer.array_constant(np.clip(filters * 40, -127, 127).astype(np.int8))
            weights = writer.op(
                "DequantizeLinear", codes, scale, writer.array_constant(np.asarray(0, np.int8))
            )
        made, work = writer.op("Conv", value, weights, group=groups), CHANNELS // groups * 9.0 * CHANNELS
    elif kind == POOL_WORK:
        made, work = writer.op("MaxPool", value, kernel_shape=[3, 3]), 9.0 * CHANNELS
    else:
        made, work = writer.op("Relu", value), 1.0 * CHANNELS
    if coded:
        made = writer.op("QuantizeLinear", made, scale, zero)
        made.dtype = ir.DataType.UINT8
    return writer.finish({OUTPUT: (made, shape)}, name="yardstick"), work
