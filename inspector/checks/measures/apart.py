"""How far apart a recorded tensor and that of today are, by every usual measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.recorded import Recorded, recording
from inspector.types.arrays import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Apart:
    """The largest differences in a tensor, over all images."""

    recorded: Recorded
    absolute: float
    relative: float
    """Of |recorded|, where that is not 0."""
    magnitude: float
    """The largest that was recorded, of finite values."""
    ulp: float
    """In units in the last place of the recorded value, in the coarser of both types; 0 of whole numbers."""
    cosines: tuple[float, ...]
    """Of each image's values as a vector, NaN where one of them is not finite; empty of tensors of one value."""


def apart(examination: Examination) -> tuple[Apart, ...]:
    """Return how far apart each recorded tensor is, of those that have the shape that was recorded."""
    tensors = examination.measured(recording).tensors
    return tuple(_apart(one) for one in tensors if one.found is not None)


def units(recorded: Recorded, values: Array) -> Array:
    """Return the unit in the last place of float64 values in the coarser type of both; 0 of whole numbers."""
    kinds = [one.dtype for one in (recorded.expected, recorded.found) if one is not None]
    if any(kind.kind != "f" for kind in kinds):
        return np.zeros_like(values)
    with np.errstate(over="ignore", invalid="ignore"):
        spacing = np.spacing(np.abs(values).astype(min(kinds, key=lambda kind: kind.itemsize)))
    return np.asarray(np.where(np.isfinite(spacing), spacing, 0), np.float64)


def differences(expected: Array, found: Array) -> Array:
    """Return |difference| of float64 values: 0 where both are NaN or the same infinity, infinite where one is."""
    with np.errstate(invalid="ignore"):
        away = np.abs(found - expected)
    is_same = (expected == found) | (np.isnan(expected) & np.isnan(found))
    away[is_same] = 0
    away[np.isnan(away)] = np.inf
    return np.asarray(away)


def _apart(recorded: Recorded) -> Apart:
    absolute = relative = ulp = magnitude = 0.0
    cosines = []
    for _, expected, found in recorded.images():
        if expected.size == 0:
            continue
        away = differences(expected, found)
        absolute = max(absolute, float(away.max()))
        relative = max(relative, _most(away, np.abs(expected)))
        magnitude = max(magnitude, float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0)))
        ulp = max(ulp, _most(away, units(recorded, expected)))
        if expected.size > 1:
            cosines.append(_cosine(expected, found))
    return Apart(
        recorded=recorded,
        absolute=absolute,
        relative=relative,
        magnitude=magnitude,
        ulp=ulp,
        cosines=tuple(cosines),
    )


def _most(away: Array, of: Array) -> float:
    """Return the largest ratio, of those that there are."""
    is_there = (of > 0) & np.isfinite(of)
    return float((away[is_there] / of[is_there]).max(initial=0.0))


def _cosine(expected: Array, found: Array) -> float:
    is_finite = np.isfinite(expected)
    one, other = expected[is_finite], found[is_finite]
    if not np.isfinite(other).all():
        return float("nan")
    lengths = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    if not all(lengths):
        return 1.0 if lengths[0] == lengths[1] else 0.0
    return float(np.clip((one / lengths[0]) @ (other / lengths[1]), -1.0, 1.0))
