"""Gains of channels: where they are written, a convolution beside them takes them into its filters.

A BatchNormalization multiplies the signal channel by channel. Behind a convolution of the backward graph ONNX Runtime
merges that product into the filters (its fusion of Conv and Mul); before one, the filters are scaled here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from inspector.grad.writing.builder import Builder
from inspector.types.arrays import Array


def scaled(b: Builder, gy: ir.Value, gain: ir.Value) -> ir.Value:
    """Write gy · gain; where gy is a masked convolution, with the gain between the two."""
    masked = gy.producer()
    if masked is not None and masked.op_type == "Mul":
        bare, mask = masked.inputs
        if (
            bare is not None
            and mask is not None
            and _made_by(bare) == "Conv"
            and _made_by(mask) == "HardSigmoid"
        ):
            return b.op("Mul", b.op("Mul", bare, gain), mask)
    return b.op("Mul", gy, gain)


def _made_by(value: ir.Value) -> str | None:
    node = value.producer()
    return None if node is None else node.op_type


def taken_in(gy: ir.Value, array: Array, *, most: int | None) -> tuple[ir.Value, Array]:
    """Return a signal without the constant gain of its channels, and the (M, …) filters scaled by it.

    Filters of more than `most` elements stay as they are: they would be copied.
    """
    node = gy.producer()
    if node is None or node.op_type != "Mul" or (most is not None and array.size > most):
        return gy, array
    bare, factor = node.inputs
    gain = factor.const_value if factor is not None else None
    if bare is None or gain is None or not _is_by_channel(gain.shape.numpy(), array):
        return gy, array
    by_filter = gain.numpy().astype(np.float64).reshape(-1, *[1] * (array.ndim - 1))
    return bare, array * by_filter


def _is_by_channel(shape: Sequence[int], array: Array) -> bool:
    return len(shape) == array.ndim and shape[1] == len(array) == math.prod(shape)
