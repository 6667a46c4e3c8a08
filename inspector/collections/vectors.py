"""The one gate through which vectors enter: what is behind it is finite float32 of a known width."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inspector.errors import InvalidInputError

FloatArray = npt.NDArray[np.float32]


def as_vector(values: npt.ArrayLike, *, dimension: int, field: str) -> FloatArray:
    """Return one vector (D,) as float32; InvalidInputError where it has another shape, NaN or infinity."""
    vector = _as_float32(values, field=field)
    if vector.shape != (dimension,):
        raise InvalidInputError(
            f"{field} has shape {vector.shape}; this collection holds vectors of shape ({dimension},). "
            "Take the features of the same layer of the same model, pooled in the same way.",
            reason="DIMENSION_MISMATCH",
            field=field,
        )
    return vector


def as_matrix(values: npt.ArrayLike, *, field: str, dimension: int | None = None) -> FloatArray:
    """Return vectors (N, D) as float32; InvalidInputError where it is no such matrix or not finite."""
    matrix = _as_float32(values, field=field)
    if matrix.ndim != 2 or matrix.size == 0:
        raise InvalidInputError(
            f"{field} has shape {matrix.shape}; give a matrix (N, D), one row per vector, none empty.",
            field=field,
        )
    if dimension is not None and matrix.shape[1] != dimension:
        raise InvalidInputError(
            f"{field} holds vectors of {matrix.shape[1]} dimensions, where {dimension} are needed. "
            "Both sides must come from the same layer of the same model.",
            reason="DIMENSION_MISMATCH",
            field=field,
        )
    return matrix


def _as_float32(values: npt.ArrayLike, *, field: str) -> FloatArray:
    given = np.asarray(values)
    if given.dtype.kind not in "fiu":
        raise InvalidInputError(f"{field} has dtype {given.dtype}; give real numbers.", field=field)
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and is refused as such below
        vectors = given.astype(np.float32, copy=False)
    bad = int(np.size(vectors) - np.count_nonzero(np.isfinite(vectors)))
    if bad:
        raise InvalidInputError(
            f"{field} has {bad} of {np.size(vectors)} values that are NaN, infinite or beyond float32; "
            "all must be finite. Look for the first layer whose activations are not.",
            reason="NOT_FINITE",
            field=field,
        )
    return vectors
