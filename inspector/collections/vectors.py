"""The one gate through which vectors enter: what is behind it is finite float32 of a known width."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inspector.errors import InvalidInputError, in_brief, naming
from inspector.types.given import as_array

FloatArray = npt.NDArray[np.float32]


def as_vector(
    values: npt.ArrayLike, *, dimension: int | None = None, field: str, what: str | None = None
) -> FloatArray:
    """Return one vector (D,) as float32; InvalidInputError where it has another shape, NaN or infinity.

    `what` names it to people, where the path `field` does not.
    """
    vector = _as_float32(values, field=field, what=what)
    if dimension is None and (vector.ndim != 1 or vector.size == 0):
        raise InvalidInputError(
            f"{what or field} has shape {vector.shape}; it must be (D,).",
            reason="INVALID_SHAPE",
            field=field,
        )
    if dimension is not None and vector.shape != (dimension,):
        raise InvalidInputError(
            f"{what or field} has shape {vector.shape}; this collection holds vectors of shape ({dimension},). "
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


def _as_float32(values: npt.ArrayLike, *, field: str, what: str | None = None) -> FloatArray:
    with naming(field):
        given = as_array(values)
    if given is None:
        raise InvalidInputError(
            f"{what or field} is {in_brief(values, long='a {}')}; give an array of real numbers.", field=field
        )
    if given.dtype.kind not in "fiu":
        raise InvalidInputError(f"{what or field} has dtype {given.dtype}; give real numbers.", field=field)
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and is refused as such below
        vectors = given.astype(np.float32, copy=False)
    bad = int(np.size(vectors) - np.count_nonzero(np.isfinite(vectors)))
    if bad:
        raise InvalidInputError(
            f"{what or field} has {bad} of {np.size(vectors)} values that are NaN, infinite or beyond float32; "
            "all must be finite. Look for the first layer whose activations are not.",
            reason="NOT_FINITE",
            field=field,
        )
    return vectors
