"""Maps enlarged by whole factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from inspector.grad.writing.builder import Builder


def enlarged(b: Builder, value: ir.Value, factors: Sequence[int]) -> ir.Value:
    """Write (N, C, *space) with every element repeated so often along each spatial axis."""
    scales = b.array_constant(np.asarray([1, 1, *factors], np.float32))
    return b.op(
        "Resize",
        value,
        None,
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
