"""The real values of constant codes: x = (q − z)·s (ONNX, DequantizeLinear)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


def dequantize(codes: Array, scale: Array, zero: Array | None, *, axis: int, block: int = 0) -> Array:
    """Return (codes − zero)·scale in the type of `scale`: per tensor, slice along `axis`, or block of slices."""
    centered = codes.astype(np.float64)  # exact: codes have 32 bits or fewer
    if zero is not None:
        centered = centered - spread(zero, codes.shape, axis=axis, block=block).astype(np.float64)
    scales = spread(scale, codes.shape, axis=axis, block=block).astype(np.float64)
    return (centered * scales).astype(scale.dtype)


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
