"""Nearest neighbors by exhaustive search: every distance is computed, none is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from sklearn.metrics import pairwise_distances

from inspector.collections.vectors import FloatArray, as_matrix
from inspector.errors import InvalidInputError

Float64Array = npt.NDArray[np.float64]

_BLOCK_VALUES = 1 << 24
"""Values of the collection that are held in float64 at a time: 128 MiB."""


class Metric(StrEnum):
    """How far two vectors are from each other."""

    COSINE = "cosine"
    """1 − u·v / (|u||v|), 0 to 2; a zero vector has no direction and is at distance 1 from all."""
    EUCLIDEAN = "euclidean"
    """|u − v|."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbors:
    """Per query the nearest vectors, nearest first; of equally near ones the lower index first."""

    indices: npt.NDArray[np.int64]
    """Shape (Q, k)."""
    distances: FloatArray
    """Shape (Q, k)."""


def neighbors(
    vectors: npt.ArrayLike, queries: npt.ArrayLike, *, k: int = 10, metric: Metric | str = Metric.COSINE
) -> Neighbors:
    """Return the k vectors (N, D) nearest to each query (Q, D), or all N where k is larger.

    Distances are sums of squared differences in float64, never |u|² + |v|² − 2u·v: so equal vectors are at
    distance 0, equally near ones tie exactly, and neither is left to rounding.
    """
    known = as_matrix(vectors, field="vectors")
    asked = as_matrix(queries, field="queries", dimension=known.shape[1])
    chosen = _metric(metric)
    if k < 1:
        raise InvalidInputError(f"k is {k}; it must be at least 1.", field="k")
    count, dimension = known.shape
    k = min(k, count)
    indices = np.empty((len(asked), 0), dtype=np.int64)
    distances = np.empty((len(asked), 0), dtype=np.float64)
    step = max(1, _BLOCK_VALUES // max(dimension, len(asked)))
    for start in range(0, count, step):
        block = known[start : start + step]
        rows = np.broadcast_to(np.arange(start, start + len(block)), (len(asked), len(block)))
        # What was found so far has the lower indices and comes first, so that a stable sort settles ties.
        distances = np.concatenate([distances, _DISTANCES[chosen](asked, block)], axis=1)
        indices = np.concatenate([indices, rows], axis=1)
        order = distances.argsort(axis=1, kind="stable")[:, :k]
        distances = np.take_along_axis(distances, order, axis=1)
        indices = np.take_along_axis(indices, order, axis=1)
    return Neighbors(indices=indices, distances=distances.astype(np.float32))


def _metric(given: Metric | str) -> Metric:
    try:
        return Metric(given)
    except ValueError:
        raise InvalidInputError(
            f"metric is {given!r}; give one of {', '.join(Metric)}.", field="metric"
        ) from None


def _squared(asked: Float64Array, block: Float64Array) -> Float64Array:
    squared: Float64Array = pairwise_distances(asked, block, metric="sqeuclidean")
    return squared


def _euclidean(asked: FloatArray, block: FloatArray) -> Float64Array:
    return np.sqrt(_squared(asked.astype(np.float64), block.astype(np.float64)))


def _cosine(asked: FloatArray, block: FloatArray) -> Float64Array:
    # Of unit vectors, 1 − u·v = |u − v|² / 2.
    queries, query_is_zero = _unit(asked)
    vectors, vector_is_zero = _unit(block)
    distances = _squared(queries, vectors) / 2
    distances[query_is_zero[:, None] | vector_is_zero[None, :]] = 1.0
    return distances


def _unit(vectors: FloatArray) -> tuple[Float64Array, npt.NDArray[np.bool_]]:
    wide = vectors.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    is_zero = norms[:, 0] == 0
    return wide / np.where(norms == 0, 1.0, norms), is_zero


_DISTANCES = {Metric.COSINE: _cosine, Metric.EUCLIDEAN: _euclidean}
