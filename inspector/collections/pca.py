"""Principal components of a set of vectors, fitted batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import IncrementalPCA
from sklearn.utils import gen_batches

from inspector.collections.checks import require_components
from inspector.collections.vectors import FloatArray, as_matrix
from inspector.errors import InvalidInputError

BATCH = 1024
"""Vectors per step of a fit."""
_SPARE_COMPONENTS = 64
"""An incremental fit forgets, between batches, what it does not keep. It keeps this many components beyond
those that are asked for, so that the leading ones come out as in a fit of all vectors at once."""


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


def fit_pca(vectors: npt.ArrayLike, *, components: int = 2, batch: int = BATCH) -> Axes:
    """Fit the leading principal axes of vectors (N, D); see `fit`."""
    matrix = as_matrix(vectors, field="vectors")
    count, dimension = matrix.shape
    require_components(components, count=count, dimension=dimension)
    if batch < 1:
        raise InvalidInputError(f"batch is {batch}; it must be at least 1.", field="batch")
    return fit([matrix], count=count, dimension=dimension, components=components, batch=batch)


def fit(
    blocks: Iterable[FloatArray], *, count: int, dimension: int, components: int, batch: int = BATCH
) -> Axes:
    """Fit the leading principal axes of `count` vectors that come in blocks (n, D), `batch` at a time in float64.

    Incremental SVD as in Ross et al., Int. J. Computer Vision 77 (2008), from scikit-learn. Exact up to
    rounding where N ≤ batch, or where the data's rank is at most components + 64.
    """
    kept = min(count, dimension, components + _SPARE_COMPONENTS)
    estimator = IncrementalPCA(n_components=kept)
    slices = gen_batches(count, max(batch, kept), min_batch_size=kept)
    sizes = [rows.stop - rows.start for rows in slices]
    with np.errstate(divide="ignore", invalid="ignore"):  # equal vectors have no variance to take shares of
        for rows in _regrouped(blocks, sizes, dimension=dimension):
            estimator.partial_fit(rows)
    axes = estimator.components_[:components]
    return Axes(
        mean=estimator.mean_.astype(np.float32),
        components=(axes * _signs(axes)).astype(np.float32),
        explained_variance_ratio=np.nan_to_num(
            estimator.explained_variance_ratio_[:components], nan=0.0, posinf=0.0
        ).astype(np.float32),
    )


def _regrouped(
    blocks: Iterable[FloatArray], sizes: Iterable[int], *, dimension: int
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the rows of all blocks in groups of those sizes, as float64."""
    left = iter(blocks)
    block, used = np.empty((0, dimension), np.float32), 0
    for size in sizes:
        group = np.empty((size, dimension))
        filled = 0
        while filled < size:
            if used == len(block):
                block, used = next(left), 0
            rows = block[used : used + size - filled]
            group[filled : filled + len(rows)] = rows
            filled += len(rows)
            used += len(rows)
        yield group


def _signs(axes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    largest = np.abs(axes).argmax(axis=1)
    signs: npt.NDArray[np.float64] = np.where(axes[np.arange(len(axes)), largest] < 0, -1.0, 1.0)[:, None]
    return signs
