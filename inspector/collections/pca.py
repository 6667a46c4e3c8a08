"""Principal components of a set of vectors, fitted batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import IncrementalPCA
from sklearn.utils import gen_batches

from inspector.collections.vectors import FloatArray, as_matrix
from inspector.errors import InvalidInputError

_SPARE_COMPONENTS = 64
"""An incremental fit forgets, between batches, what it does not keep. It keeps this many components beyond
those that are asked for, so that the leading ones come out as in a fit of all vectors at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pca:
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
        centerd = matrix.astype(np.float64) - self.mean
        projected: FloatArray = (centerd @ self.components.T.astype(np.float64)).astype(np.float32)
        return projected


def fit_pca(vectors: npt.ArrayLike, *, components: int = 2, batch: int = 1024) -> Pca:
    """Fit the leading principal axes of vectors (N, D), `batch` of them at a time in float64.

    Incremental SVD as in Ross et al., Int. J. Computer Vision 77 (2008), from scikit-learn. Exact up to
    rounding where N ≤ batch, or where the data's rank is at most components + 64.
    """
    matrix = as_matrix(vectors, field="vectors")
    count, dimension = matrix.shape
    _check_sizes(count, dimension, components=components, batch=batch)
    kept = min(count, dimension, components + _SPARE_COMPONENTS)
    estimator = IncrementalPCA(n_components=kept)
    with np.errstate(divide="ignore", invalid="ignore"):  # equal vectors have no variance to take shares of
        for rows in gen_batches(count, max(batch, kept), min_batch_size=kept):
            estimator.partial_fit(matrix[rows].astype(np.float64))
    axes = estimator.components_[:components]
    return Pca(
        mean=estimator.mean_.astype(np.float32),
        components=(axes * _signs(axes)).astype(np.float32),
        explained_variance_ratio=np.nan_to_num(
            estimator.explained_variance_ratio_[:components], nan=0.0, posinf=0.0
        ).astype(np.float32),
    )


def _signs(axes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    largest = np.abs(axes).argmax(axis=1)
    signs: npt.NDArray[np.float64] = np.where(axes[np.arange(len(axes)), largest] < 0, -1.0, 1.0)[:, None]
    return signs


def _check_sizes(count: int, dimension: int, *, components: int, batch: int) -> None:
    if count < 2:
        raise InvalidInputError("PCA needs at least two vectors; one was given.", field="vectors")
    if not 1 <= components <= min(count, dimension):
        raise InvalidInputError(
            f"components is {components}; {count} vectors of {dimension} dimensions allow "
            f"1 to {min(count, dimension)}.",
            field="components",
        )
    if batch < 1:
        raise InvalidInputError(f"batch is {batch}; it must be at least 1.", field="batch")
