"""The real values of constant codes: x = (q − z)·s (ONNX, DequantizeLinear)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

_SHORT_BYTES = 2


def dequantize(codes: Array, scale: Array, zero: Array | None, *, axis: int, block: int = 0) -> Array:
    """Return (codes − zero)·scale in the type of `scale`: per tensor, slice along `axis`, or block of slices."""
    kind = _exact(codes, scale)
    centered = codes.astype(kind)
    if zero is not None:
        centered = centered - spread(zero, codes.shape, axis=axis, block=block).astype(kind)
    scales = spread(scale, codes.shape, axis=axis, block=block).astype(kind)
    return (centered * scales).astype(scale.dtype, copy=False)


def _exact(codes: Array, scale: Array) -> type[np.floating[Any]]:
    """Return in which floats to compute, so that the product alone is rounded, and once.

    Differences of codes of 16 bits are exact in float32, and so the product is the rounded one; others, of 32 bits or
    fewer, are in float64, in which the product with a scale in float32 is exact as far as it matters.
    """
    is_short = codes.dtype.kind in "iu" and codes.dtype.itemsize <= _SHORT_BYTES
    return np.float32 if is_short and scale.dtype == np.float32 else np.float64


def spread(parameter: Array, shape: Sequence[int], *, axis: int, block: int = 0) -> Array:
    """Return scales or zero points so that they broadcast against a tensor of `shape`."""
    if parameter.size == 1:
        return parameter.reshape(())
    if block:
        return np.repeat(parameter, block, axis=axis).take(range(shape[axis]), axis=axis)
    if parameter.ndim == 1:
        slices = [1] * len(shape)
        slices[axis] = -1
        return parameter.reshape(slices)
    return parameter
