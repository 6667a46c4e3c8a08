"""Central differences of a function in float32, against a gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

STEPS = tuple(10.0**-power for power in range(1, 8))
"""Of the image's range. A large step crosses kinks, a small one drowns in rounding: the best of them is told."""


def slope_error(function: Callable[[Array], float], x: Array, gradient: Array) -> float:
    """Return |d − ⟨g, v⟩| / |⟨g, v⟩| along v = g/‖g‖: how far a gradient is from what the function really does.

    NaN where the gradient is zero, for then there is no direction to look along.
    """
    flat = gradient.reshape(x.shape).astype(np.float64)
    length = float(np.linalg.norm(flat))
    if not length:
        return float("nan")
    direction = flat / length
    reach = float(np.ptp(x.astype(np.float64))) / float(np.abs(direction).max())
    errors = []
    for step in STEPS:
        ahead, behind = (
            (x.astype(np.float64) + sign * step * reach * direction).astype(x.dtype) for sign in (1, -1)
        )
        moved = float(((ahead.astype(np.float64) - behind.astype(np.float64)) * direction).sum())
        errors.append(abs((function(ahead) - function(behind)) / moved - length) / length)
    return min(errors)
