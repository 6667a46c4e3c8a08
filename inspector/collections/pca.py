"""Principal components of a set of vectors, in steps that can be stopped (docs/decisions/0057-sessions.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.collections.checks import require_components
from inspector.collections.spectrum import Axes64, by_krylov, by_products, by_spread
from inspector.collections.vectors import FloatArray, as_matrix
from inspector.errors import InvalidInputError, LimitExceededError
from inspector.types.control import NEVER, Cancellation

MOST_COMPONENTS = 512
"""Of vectors that are both many and long: each costs passes over all of them."""
SMALL = 1024
"""The side of a matrix whose axes are computed at once, in about 0.3 s."""
_EQUAL = 1e-20
"""A share of the vectors' own squares below which their spread is of rounding errors: float32 tells 1e-14 apart."""
_STEP = 1 << 31
"""Multiplications between two looks at whether it is still wanted: some tenths of a second."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Axes:
    """A plane (or K axes) through a set of vectors, in order of falling variance."""

    mean: FloatArray
    """Shape (D,)."""
    components: FloatArray
    """Shape (K, D): orthonormal rows; in each the loading of largest magnitude is positive."""
    explained_variance_ratio: FloatArray
    """Shape (K,): each axis' share of the total variance; 0 where all vectors are equal."""

    def project(self, vectors: npt.ArrayLike) -> FloatArray:
        """Return (x − mean) · componentsᵀ, shape (N, K)."""
        matrix = as_matrix(vectors, field="vectors", dimension=self.mean.size)
        centered = matrix.astype(np.float64) - self.mean
        projected: FloatArray = (centered @ self.components.T.astype(np.float64)).astype(np.float32)
        return projected


def fit_pca(vectors: npt.ArrayLike, *, components: int = 2, batch: int | None = None) -> Axes:
    """Fit the leading principal axes of vectors (N, D), at most `batch` of them at a time; see `fit`."""
    matrix = as_matrix(vectors, field="vectors")
    count, dimension = matrix.shape
    require_components(components, count=count, dimension=dimension)
    if batch is not None and batch < 1:
        raise InvalidInputError(f"batch is {batch}; it must be at least 1.", field="batch")
    return fit([matrix], count=count, dimension=dimension, components=components, batch=batch)


def fit(
    blocks: Iterable[FloatArray],
    *,
    count: int,
    dimension: int,
    components: int,
    batch: int | None = None,
    cancellation: Cancellation = NEVER,
) -> Axes:
    """Fit the leading principal axes of `count` vectors that come in blocks (n, D), in float64.

    Exact up to rounding: of the matrix of their spread (D, D) where they are short, of their products (N, N) where they
    are few, and by Lanczos' method where they are neither. LimitExceededError for more than MOST_COMPONENTS there. A
    cancelled token raises CancelledError within some tenths of a second.
    """
    smaller = min(count, dimension)
    if smaller > SMALL and components > MOST_COMPONENTS:
        raise LimitExceededError(
            f"components is {components:,}; of {count:,} vectors of {dimension:,} dimensions at most {MOST_COMPONENTS} "
            "are computed. Ask for fewer.",
            field="components",
        )
    rows = max(1, min(batch or count, _STEP // (dimension * min(smaller, SMALL)), (1 << 24) // dimension))
    parts = _pieces(blocks, rows=rows, cancellation=cancellation)
    if dimension <= SMALL:
        found = by_spread(parts, dimension=dimension, components=components)
    else:
        whole = _gathered(parts, count=count, dimension=dimension)
        solve = by_products if count <= SMALL else by_krylov
        found = solve(whole, components=components, step=_STEP, look=cancellation.raise_if_cancelled)
    return _axes(found, count=count)


def _axes(found: Axes64, *, count: int) -> Axes:
    largest = np.abs(found.rows).argmax(axis=1)
    signs = np.where(found.rows[np.arange(len(found.rows)), largest] < 0, -1.0, 1.0)[:, None]
    differ = found.total > _EQUAL * count * float(found.mean @ found.mean)
    shares = found.variances / found.total if differ else np.zeros_like(found.variances)
    return Axes(
        mean=found.mean.astype(np.float32),
        components=(found.rows * signs).astype(np.float32),
        explained_variance_ratio=np.clip(shares, 0.0, 1.0).astype(np.float32),
    )


def _gathered(parts: Iterable[FloatArray], *, count: int, dimension: int) -> FloatArray:
    whole, filled = np.empty((count, dimension), np.float32), 0
    for part in parts:
        whole[filled : filled + len(part)] = part
        filled += len(part)
    return whole


def _pieces(blocks: Iterable[FloatArray], *, rows: int, cancellation: Cancellation) -> Iterator[FloatArray]:
    for block in blocks:
        for start in range(0, len(block), rows):
            cancellation.raise_if_cancelled()
            yield block[start : start + rows]
