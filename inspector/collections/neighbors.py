"""Nearest neighbors by exhaustive search: every distance is computed, none is estimated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import pairwise_distances

from inspector.collections.checks import require_k, require_metric
from inspector.collections.vectors import FloatArray, as_matrix
from inspector.types.collections import Metric
from inspector.types.control import NEVER, Cancellation

Float64Array = npt.NDArray[np.float64]

_BLOCK_VALUES = 1 << 24
"""Values of the collection that are held in float64 at a time: 128 MiB."""
_STEP = 1 << 28
"""Differences between two looks at whether it is still wanted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearest:
    """Per query the nearest vectors, nearest first; of equally near ones the lower index first."""

    indices: npt.NDArray[np.int64]
    """Shape (Q, k)."""
    distances: FloatArray
    """Shape (Q, k)."""


def neighbors(
    vectors: npt.ArrayLike, queries: npt.ArrayLike, *, k: int = 10, metric: Metric | str = Metric.COSINE
) -> Nearest:
    """Return the k vectors (N, D) nearest to each query (Q, D), or all N where k is larger."""
    known = as_matrix(vectors, field="vectors")
    asked = as_matrix(queries, field="queries", dimension=known.shape[1])
    return nearest([known], asked, k=require_k(k), metric=require_metric(metric))


def nearest(
    blocks: Iterable[FloatArray],
    asked: FloatArray,
    *,
    k: int,
    metric: Metric,
    cancellation: Cancellation = NEVER,
) -> Nearest:
    """Return the k vectors nearest to each query (Q, D) of those that come in blocks (n, D), or all of them.

    Distances are sums of squared differences in float64, never |u|² + |v|² − 2u·v: so equal vectors are at
    distance 0, equally near ones tie exactly, and neither is left to rounding. A cancelled token raises
    CancelledError within some tenths of a second.
    """
    best = _Best(queries=len(asked), k=k)
    for block in _pieces(blocks, rows=_rows(asked)):
        cancellation.raise_if_cancelled()
        best.add(_DISTANCES[metric](asked, block))
    return best.found()


def _rows(asked: FloatArray) -> int:
    """Return how many vectors are compared at a time: as many as fit, and take some tenths of a second."""
    queries, dimension = map(int, asked.shape)
    return max(1, min(_BLOCK_VALUES // max(queries, dimension), _STEP // (queries * dimension)))


class _Best:
    """The nearest so far; what is added is sorted in once it is as much as is kept, so that sorting stays cheap."""

    def __init__(self, *, queries: int, k: int) -> None:
        self._k = k
        self._start = 0
        self._indices = np.empty((queries, 0), dtype=np.int64)
        self._distances = np.empty((queries, 0), dtype=np.float64)
        self._added: list[Float64Array] = []
        self._waiting = 0

    def add(self, distances: Float64Array) -> None:
        """Take the distances (Q, n) of the next vectors."""
        self._added.append(distances)
        self._waiting += distances.shape[1]
        if self._waiting >= min(self._k, _BLOCK_VALUES // len(distances)):
            self._sort_in()

    def found(self) -> Nearest:
        """Return the nearest of all."""
        self._sort_in()
        return Nearest(indices=self._indices, distances=self._distances.astype(np.float32))

    def _sort_in(self) -> None:
        queries = len(self._indices)
        rows = np.broadcast_to(np.arange(self._start, self._start + self._waiting), (queries, self._waiting))
        # What was found so far has the lower indices and comes first, so that a stable sort settles ties.
        distances = np.concatenate([self._distances, *self._added], axis=1)
        indices = np.concatenate([self._indices, rows], axis=1)
        order = distances.argsort(axis=1, kind="stable")[:, : self._k]
        self._distances = np.take_along_axis(distances, order, axis=1)
        self._indices = np.take_along_axis(indices, order, axis=1)
        self._start += self._waiting
        self._added, self._waiting = [], 0


def _pieces(blocks: Iterable[FloatArray], *, rows: int) -> Iterator[FloatArray]:
    for block in blocks:
        for start in range(0, len(block), rows):
            yield block[start : start + rows]


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
