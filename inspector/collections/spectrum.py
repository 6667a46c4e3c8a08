"""The leading axes of a set of vectors, by whichever matrix is small; each way in steps of bounded work.

NumPy's products and its `eigh` let other threads of Python run meanwhile, which SciPy's singular value decomposition
does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator, eigsh

from inspector.collections.vectors import FloatArray

Float64Array = npt.NDArray[np.float64]
Look = Callable[[], None]
"""Raises where the work is no longer wanted."""

_ROUNDING = 1e-12
"""A share of the largest variance below which an axis is made of rounding errors, and any other will do."""


@dataclass(frozen=True, kw_only=True)
class Axes64:
    """Axes in float64, in order of falling variance."""

    mean: Float64Array
    """Shape (D,)."""
    rows: Float64Array
    """Shape (K, D), orthonormal."""
    variances: Float64Array
    """Shape (K,): sums of squares along them."""
    total: float
    """The sum of all squares."""


def by_spread(parts: Iterable[FloatArray], *, dimension: int, components: int) -> Axes64:
    """Return the axes of the matrix (D, D) of the spread, summed up part by part: for short vectors."""
    near, spread, moved = np.zeros(dimension), np.zeros((dimension, dimension)), np.zeros(dimension)
    count = 0
    for part in parts:
        wide = part.astype(np.float64)
        if not count:
            near = wide.mean(axis=0)  # near to the mean of all, so that little is lost in the differences
        wide -= near
        spread += wide.T @ wide
        moved += wide.sum(axis=0)
        count += len(part)
    spread -= np.outer(moved, moved) / count
    values, vectors = np.linalg.eigh(spread)
    return Axes64(
        mean=near + moved / count,
        rows=vectors.T[::-1][:components],
        variances=np.maximum(values[::-1][:components], 0.0),
        total=float(np.trace(spread)),
    )


def by_products(whole: FloatArray, *, components: int, step: int, look: Look) -> Axes64:
    """Return the axes by the products (N, N) of the vectors with each other: for few, long ones."""
    count, dimension = whole.shape
    mean = _mean(whole, look)
    products = np.zeros((count, count))
    columns = _cuts(dimension, max(1, step // (count * count)))
    for cut in columns:
        look()
        wide = whole[:, cut].astype(np.float64) - mean[cut]
        products += wide @ wide.T
    look()
    values, vectors = np.linalg.eigh(products)
    values, vectors = values[::-1][:components], vectors[:, ::-1][:, :components]
    rows = np.empty((components, dimension))
    for cut in columns:
        look()
        rows[:, cut] = vectors.T @ (whole[:, cut].astype(np.float64) - mean[cut])
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    kept = (values > _ROUNDING * max(values[0], 0.0))[:, None] & (lengths > 0)
    rows = np.where(kept, rows / np.where(lengths > 0, lengths, 1.0), 0.0)
    return Axes64(
        mean=mean,
        rows=_completed(rows, look),
        variances=np.maximum(values, 0.0),
        total=float(np.trace(products)),
    )


def by_krylov(whole: FloatArray, *, components: int, step: int, look: Look) -> Axes64:
    """Return the axes by products of all vectors with one, over and over (Lanczos): for many, long ones."""
    count, dimension = whole.shape
    mean = _mean(whole, look)
    cuts = _cuts(count, max(1, min(step // 16, 1 << 24) // dimension))

    def times(vector: Float64Array) -> Float64Array:
        given, result = vector.reshape(-1), np.zeros(dimension)
        for cut in cuts:
            look()
            wide = whole[cut].astype(np.float64) - mean
            result += wide.T @ (wide @ given)
        return result

    total = 0.0
    for cut in cuts:
        look()
        total += float(np.square(whole[cut].astype(np.float64) - mean).sum())
    if total == 0.0:
        return Axes64(
            mean=mean, rows=np.eye(components, dimension), variances=np.zeros(components), total=0.0
        )
    operator = LinearOperator((dimension, dimension), matvec=times, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(dimension)
    values, vectors = eigsh(operator, k=components, which="LA", v0=start, tol=1e-9)
    order = np.argsort(values)[::-1]
    return Axes64(mean=mean, rows=vectors.T[order], variances=np.maximum(values[order], 0.0), total=total)


def _mean(whole: FloatArray, look: Look) -> Float64Array:
    mean = np.empty(whole.shape[1])
    for cut in _cuts(whole.shape[1], max(1, (1 << 24) // len(whole))):
        look()
        mean[cut] = whole[:, cut].mean(axis=0, dtype=np.float64)
    return mean


def _completed(rows: Float64Array, look: Look) -> Float64Array:
    """Return orthonormal rows, with others in the place of those that are all zero."""
    random = np.random.default_rng(0)
    made = rows.copy()
    for index in np.flatnonzero(~rows.any(axis=1)):
        look()
        new = random.standard_normal((1, rows.shape[1]))
        for _ in range(2):  # once more, for what rounding left
            new -= (new @ made.T) @ made
            new /= np.linalg.norm(new)
        made[index] = new[0]
    return made


def _cuts(length: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]
