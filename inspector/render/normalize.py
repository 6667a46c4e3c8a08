"""Arrays of any range become [0, 1] or [-1, 1]; what is not finite is refused, never painted over."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inspector.errors import InvalidInputError
from inspector.types.contrast import hardly_moves

FloatArray = npt.NDArray[np.float64]

MID_GRAY = 0.5


def finite(values: npt.ArrayLike, *, field: str, ndim: int | tuple[int, ...] | None = None) -> FloatArray:
    """Return the values as float64; InvalidInputError where any is not finite or the rank is not allowed."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise InvalidInputError(f"{field} has dtype {array.dtype}; give real numbers.", field=field)
    ranks = (ndim,) if isinstance(ndim, int) else ndim
    if array.size == 0 or (ranks is not None and array.ndim not in ranks):
        wanted = "" if ranks is None else f" with {' or '.join(map(str, ranks))} axes"
        raise InvalidInputError(
            f"{field} has shape {array.shape}; give an array{wanted} that is not empty.", field=field
        )
    wide = array.astype(np.float64)
    bad = int(array.size - np.count_nonzero(np.isfinite(wide)))
    if bad:
        raise InvalidInputError(
            f"{field} has {bad} of {array.size} values that are NaN or infinite; a picture would hide them. "
            "Look for the first layer whose activations are not finite.",
            reason="NOT_FINITE",
            field=field,
        )
    return wide


def to_unit(values: FloatArray, *, low: float | None = None, high: float | None = None) -> FloatArray:
    """Map [low, high], by default the values' own range, to [0, 1], clipping; a constant becomes mid-gray."""
    bottom = float(values.min()) if low is None else low
    top = float(values.max()) if high is None else high
    # Halved, so that the span of the largest floats does not overflow.
    span = top / 2 - bottom / 2
    if span <= 0:
        return np.full_like(values, MID_GRAY)
    with np.errstate(over="ignore"):  # what overflows is clipped like all that is out of range
        return np.clip((values / 2 - bottom / 2) / span, 0.0, 1.0)


def to_heat(values: FloatArray) -> FloatArray:
    """Map the values' own range to [0, 1]; where they hardly move, no place stands out, and all are 0."""
    return np.zeros_like(values) if hardly_moves(values) else to_unit(values)


def to_signed(values: FloatArray, *, percentile: float = 100.0, bound: float | None = None) -> FloatArray:
    """Divide by `bound`, by default magnitude_bound(values), and clip to [-1, 1]: zero stays zero."""
    limit = magnitude_bound(values, percentile=percentile) if bound is None else bound
    if limit <= 0:
        return np.zeros_like(values)
    with np.errstate(over="ignore"):  # what overflows is clipped like all that is out of range
        return np.clip(values / limit, -1.0, 1.0)


def magnitude_bound(values: FloatArray, *, percentile: float) -> float:
    """Return the percentile of |values| over those that are not zero, or 0 where all are.

    Zeros do not count because one unit's map is zero outside its receptive field: however small the field,
    the same share of it is clipped.
    """
    if not 0 < percentile <= 100:
        raise InvalidInputError(
            f"percentile is {percentile}; it must be above 0 and at most 100.", field="percentile"
        )
    magnitudes = np.abs(values[values != 0])
    return float(np.percentile(magnitudes, percentile)) if magnitudes.size else 0.0


def to_bytes(values: FloatArray) -> npt.NDArray[np.uint8]:
    """Turn [0, 1] into 0..255, rounding to nearest."""
    return np.rint(values * 255.0).astype(np.uint8)
