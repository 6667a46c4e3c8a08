"""Neighbors against a loop over pairs, and against scikit-learn's."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from inspector.collections import neighbors as module
from inspector.collections.neighbors import neighbors
from inspector.errors import InvalidInputError

METRICS = ("cosine", "euclidean")


def by_pairs(vectors: np.ndarray, queries: np.ndarray, k: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """The definition, one pair at a time; Python's sort is stable, so ties go to the lower index."""

    def distance(u: np.ndarray, v: np.ndarray) -> float:
        u, v = u.astype(np.float64), v.astype(np.float64)
        if metric == "euclidean":
            return sqrt(((u - v) ** 2).sum())
        norms = float(np.linalg.norm(u) * np.linalg.norm(v))
        return 1.0 - float(u @ v) / norms if norms else 1.0

    indices, distances = [], []
    for query in queries:
        row = [round(distance(vector, query), 12) for vector in vectors]
        order = sorted(range(len(row)), key=row.__getitem__)[:k]
        indices.append(order)
        distances.append([row[index] for index in order])
    return np.array(indices), np.array(distances)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("block_values", [1, 40, 1 << 24])
def test_equal_to_the_loop_over_pairs(
    metric: str, block_values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK_VALUES", block_values)
    rng = np.random.default_rng(3)
    # Small whole numbers: many exact ties, some zero vectors, some equal ones.
    vectors = rng.integers(-1, 2, (60, 3)).astype(np.float32)
    queries = np.concatenate([vectors[:5], rng.integers(-1, 2, (6, 3))]).astype(np.float32)
    found = neighbors(vectors, queries, k=13, metric=metric)
    indices, distances = by_pairs(vectors, queries, 13, metric)
    np.testing.assert_allclose(found.distances, distances, atol=1e-6)
    if metric == "euclidean":  # by cosine, directions that are equal only in exact numbers tie only there
        np.testing.assert_array_equal(found.indices, indices)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_to_scikit_learn(metric: str) -> None:
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((400, 128)).astype(np.float32)
    queries = rng.standard_normal((20, 128)).astype(np.float32)
    found = neighbors(vectors, queries, k=9, metric=metric)
    search = NearestNeighbors(n_neighbors=9, algorithm="brute", metric=metric).fit(vectors.astype(np.float64))
    distances, indices = search.kneighbors(queries.astype(np.float64))
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5)
    assert found.indices.dtype == np.int64
    assert found.distances.dtype == np.float32


@pytest.mark.parametrize("metric", METRICS)
def test_equal_vectors_are_at_distance_zero_and_tie_by_index(metric: str) -> None:
    vector = np.random.default_rng(5).standard_normal(500).astype(np.float32) * 1e3
    found = neighbors(np.stack([vector + 1, vector, vector, vector]), vector[None], k=4, metric=metric)
    assert found.indices.tolist() == [[1, 2, 3, 0]]
    assert found.distances[0, :3].tolist() == [0.0, 0.0, 0.0]


def test_a_zero_vector_is_at_cosine_distance_one_from_all() -> None:
    found = neighbors(
        np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 0.0]]), k=3
    )
    assert found.indices.tolist() == [[2, 1, 0], [0, 1, 2]]
    assert found.distances.tolist() == [[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]


def test_cosine_ignores_length_also_of_very_long_and_short_vectors() -> None:
    found = neighbors(np.array([[1e30, 0.0], [0.0, 1e-30]]), np.array([[1e-30, 0.0]]), k=2)
    assert found.distances.tolist() == [[0.0, 1.0]]


def test_k_larger_than_the_set_gives_the_whole_set() -> None:
    assert neighbors(np.eye(3), np.eye(3), k=10).indices.shape == (3, 3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"k": 0}, "k is 0"),
        ({"metric": "manhattan"}, "one of cosine, euclidean"),
        ({"queries": np.ones((2, 4))}, "where 3 are needed"),
        ({"queries": np.ones(3)}, r"shape \(3,\)"),
        ({"vectors": np.empty((0, 3))}, r"shape \(0, 3\)"),
        ({"vectors": np.array([[1.0, np.inf, 0.0]])}, "infinite"),
        ({"vectors": np.array([[1.0, 1e200, 0.0]])}, "beyond float32"),
        ({"vectors": np.array([["a", "b", "c"]])}, "dtype"),
    ],
)
def test_bad_arguments_are_refused(change: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"vectors": np.eye(3), "queries": np.eye(3)} | change
    with pytest.raises(InvalidInputError, match=words):
        neighbors(**arguments)
