"""How far values must move to mean something: what moves less is noise, and is drawn as nothing."""

from __future__ import annotations

import numpy as np

from inspector.types.arrays import Array

HARDLY = 1e-3
"""The share of the largest magnitude: values that differ by less hardly move."""


def least_span(values: Array, *, beside: float = 0.0) -> float:
    """Return how far values must at least move, given their magnitudes and that of a value `beside` them."""
    finite = np.abs(values[np.isfinite(values)])
    return HARDLY * max(float(finite.max(initial=0.0)), abs(beside) if np.isfinite(beside) else 0.0)


def hardly_moves(values: Array, *, beside: float = 0.0) -> bool:
    """Return whether values, one at least, differ from each other by no more than `least_span`."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return False
    span = float(finite.max() - finite.min())
    return span <= least_span(values, beside=beside)


NOTHING = 1e-10
"""What is smaller everywhere is what rounding left: it is no map, and is drawn as none."""


def is_nothing(values: Array, *, beside: float = 1.0) -> bool:
    """Return whether a map of a target of the value `beside` is 0, or as good as 0, everywhere; NaN is something."""
    size = abs(beside) if np.isfinite(beside) and beside else 1.0
    most = NOTHING * min(1.0, size)
    return float(values.max(initial=0.0)) <= most and float(values.min(initial=0.0)) >= -most
