"""Whether two runs of a quantized model gave the same answers, as far as its quantizers tell answers apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inspector.types.arrays import Array

MOST_STEPS = 8.0
"""How far a single value may be off, where all together are within one step."""
_SLACK = 1 + 1e-3
"""Values that are a step apart are so up to their own rounding."""
STEPS_IN_RANGE = 255
"""Where no quantizer gives an output, the step is that of 8 bits over its range."""


def difference(
    reference: Mapping[str, Array], found: Mapping[str, Array], steps: Mapping[str, float | None]
) -> str | None:
    """Return what differs between two runs on one image, as a sentence without its end; None where the answers stand.

    They do where in every output the same place wins, the root mean square of the differences is within the quantizer's
    step, and no value is off by more than `MOST_STEPS`. Whole numbers that are no codes must be equal.
    """
    for name, expected in reference.items():
        text = _difference(name, expected, found[name], steps.get(name))
        if text is not None:
            return text
    return None


def _difference(name: str, expected: Array, found: Array, step: float | None) -> str | None:
    if expected.shape != found.shape:
        return f"output {name!r} has the shape {found.shape} instead of {expected.shape}"
    if expected.size == 0:
        return None
    if expected.dtype.kind not in "fiu" or (expected.dtype.kind in "iu" and step is None):
        return None if np.array_equal(expected, found) else f"output {name!r} differs"
    wanted, given = expected.astype(np.float64).ravel(), found.astype(np.float64).ravel()
    is_finite = np.isfinite(wanted)
    if not np.array_equal(is_finite, np.isfinite(given)):
        return f"output {name!r} is finite at other places"
    if not is_finite.all():
        if not np.array_equal(wanted[~is_finite], given[~is_finite], equal_nan=True):
            return f"output {name!r} differs where it is not finite"
        wanted, given = wanted[is_finite], given[is_finite]
    if wanted.size == 0:
        return None
    # Codes tie: any of the places that share the largest value has won.
    if wanted[np.argmax(given)] != wanted.max():
        return f"another place of output {name!r} wins"
    unit = step or float(np.ptp(wanted)) / STEPS_IN_RANGE
    off = np.abs(given - wanted)
    mean, most = float(np.sqrt(np.mean(off**2))), float(off.max())
    if mean > unit * _SLACK or most > MOST_STEPS * unit * _SLACK:
        return (
            f"values of output {name!r} are off by {mean / unit:.1f} steps of its quantizer on average, and by up to "
            f"{most / unit:.0f}"
            if unit
            else f"output {name!r} differs"
        )
    return None
