"""What is compared, and how. NumPy only: both environments use it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import numpy as np

POLICIES = ("gradient", "deconvnet", "guided")
"""What happens to the signal at rectifiers (inspector.grad.policies.table)."""

BOUND = 1e-3
"""Up to here maps agree, relative to the largest value."""


class Verdict(Enum):
    """What a comparison says."""

    AGREES = "agrees"
    ROUNDING = "agrees beside the image"
    DIFFERS = "differs"


def deviations(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return, per image, the largest difference relative to the largest expected value."""
    axes = tuple(range(1, expected.ndim))
    largest = np.abs(expected).max(axes)
    relative: np.ndarray = np.abs(found - expected).max(axes) / np.maximum(largest, np.finfo(np.float32).tiny)
    return relative


def judge(found: Mapping[str, float]) -> Verdict:
    """Judge how far a map is "off" at the image and, where that is too far, "nearby", and "theirs" from its float64."""
    if found["off"] <= BOUND:
        return Verdict.AGREES
    rounding = found["nearby"] <= BOUND or found.get("theirs", 0.0) > BOUND
    return Verdict.ROUNDING if rounding else Verdict.DIFFERS
