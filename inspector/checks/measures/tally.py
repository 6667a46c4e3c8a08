"""Counts over the values of one layer, image by image, in the memory of a few numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np

from inspector.checks.measures.bounds import Bounds
from inspector.types.arrays import Array

MOST_FLOAT16 = 65504.0
"""The largest number of float16."""
_BLOCK = 1 << 15
"""Values that are looked at before the next ones: so many stay in the cache while several counts read them."""


class Tally:
    """What a layer's values were."""

    def __init__(self, bounds: Bounds, *, dtype: str) -> None:
        """Begin with no value, of a layer of floats of some type, whose values cannot lie beyond `bounds`."""
        self._bounds = bounds
        self._least = least_normal(dtype)
        self.count = 0
        self.nans = 0
        self.infinities = 0
        self.has_positive_infinity = False
        self.denormals = 0
        """Values other than 0 that are smaller than the smallest normal number of the layer's type."""
        self.beyond_float16 = 0
        """Finite values whose magnitude is larger than `MOST_FLOAT16`."""
        self.at_low = 0
        """Values at the lower bound."""
        self.at_high = 0
        self.highest = -math.inf
        """The largest finite value; −∞ without any."""
        self.lowest = math.inf
        """The smallest finite value; ∞ without any."""

    def add(self, values: Array) -> None:
        """Take values of floats, in whatever shape."""
        self.count += values.size
        with np.errstate(invalid="ignore"):
            for block in _blocks(values.reshape(-1)):
                self._add(block)

    def _add(self, block: Array) -> None:
        highest, lowest = float(block.max()), float(block.min())
        if not (math.isfinite(highest) and math.isfinite(lowest)):
            highest, lowest = self._count_odd(block)
        self.highest, self.lowest = max(self.highest, highest), min(self.lowest, lowest)
        if highest > MOST_FLOAT16 or lowest < -MOST_FLOAT16:
            self.beyond_float16 += int(np.count_nonzero(np.isfinite(block) & (np.abs(block) > MOST_FLOAT16)))
        low, high = self._bounds.low, self._bounds.high
        if high is not None and highest >= high:
            self.at_high += int(np.count_nonzero(block >= high))
        if low is not None and lowest <= low:
            self.at_low += int(np.count_nonzero(block <= low))
        self.denormals += self._denormals_in(block)

    def _count_odd(self, block: Array) -> tuple[float, float]:
        """Count what is NaN or infinite, and return the largest and smallest of what is finite."""
        nans = int(np.count_nonzero(np.isnan(block)))
        finite = block[np.isfinite(block)]
        self.nans += nans
        self.infinities += block.size - finite.size - nans
        self.has_positive_infinity |= bool(np.isposinf(block).any())
        return (float(finite.max()), float(finite.min())) if finite.size else (-math.inf, math.inf)

    def _denormals_in(self, block: Array) -> int:
        """Count by the bits: twice a float's bits are its magnitude, and 0 minus 1 wraps to the largest number."""
        whole: Any = np.uint32 if block.dtype.itemsize == 4 else np.uint64
        least = np.asarray(self._least, block.dtype).view(whole)
        bits = block.view(whole)
        doubled = bits + bits
        doubled -= whole(1)
        return int(np.count_nonzero(doubled < least + least - whole(1)))


def _blocks(flat: Array) -> Iterator[Array]:
    """Yield float32 or float64 values, (count,) at a time."""
    is_known = flat.dtype in (np.float32, np.float64)
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        yield block if is_known else block.astype(np.float32)


def least_normal(dtype: str) -> float:
    """Return the smallest normal number of a type of floats."""
    if dtype == "bfloat16":
        return float(ml_dtypes.finfo(ml_dtypes.bfloat16).smallest_normal)
    return float(np.finfo(dtype).smallest_normal)
