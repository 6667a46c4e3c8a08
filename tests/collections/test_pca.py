"""PCA against a singular value decomposition of all vectors at once."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sklearn.decomposition import PCA

from inspector.collections import pca
from inspector.collections.pca import fit, fit_pca
from inspector.errors import CancelledError, InvalidInputError, LimitExceededError
from inspector.types.control import Cancellation


def by_svd(vectors: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    wide = vectors.astype(np.float64)
    mean = wide.mean(axis=0)
    _, singular, axes = np.linalg.svd(wide - mean, full_matrices=False)
    axes = axes[:components]
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.sign(axes[np.arange(components), largest])[:, None]
    return mean, axes, (singular**2 / (singular**2).sum())[:components]


def cloud(seed: int, count: int, dimension: int, *, decay: float = 0.9) -> np.ndarray:
    """Vectors like features: correlated, off the origin, with a spectrum that falls by `decay` per axis."""
    rng = np.random.default_rng(seed)
    mixing = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0]
    spread = decay ** np.arange(dimension)
    return (rng.standard_normal((count, dimension)) * spread @ mixing + 3).astype(np.float32)


@pytest.mark.parametrize(("count", "dimension"), [(2, 5), (7, 40), (50, 6), (300, 64)])
def test_one_batch_is_the_singular_value_decomposition(count: int, dimension: int) -> None:
    vectors = cloud(count, count, dimension)
    components = min(3, count - 1, dimension)
    mean, axes, ratio = by_svd(vectors, components)
    found = fit_pca(vectors, components=components)
    np.testing.assert_allclose(found.mean, mean, atol=1e-5)
    np.testing.assert_allclose(found.components, axes, atol=1e-4)
    np.testing.assert_allclose(found.explained_variance_ratio, ratio, atol=1e-5)
    np.testing.assert_allclose(found.project(vectors), (vectors - mean) @ axes.T, atol=1e-3)


def test_many_batches_equal_one_where_the_rank_is_kept() -> None:
    vectors = cloud(0, 500, 30)
    whole, batched = fit_pca(vectors, batch=500), fit_pca(vectors, batch=37)
    np.testing.assert_allclose(batched.components, whole.components, atol=1e-5)
    np.testing.assert_allclose(batched.explained_variance_ratio, whole.explained_variance_ratio, atol=1e-6)
    np.testing.assert_allclose(batched.mean, whole.mean, atol=1e-5)


def test_many_batches_stay_close_where_the_rank_is_larger_than_what_is_kept() -> None:
    vectors = cloud(1, 1200, 200, decay=0.97)
    whole, batched = fit_pca(vectors, batch=1200), fit_pca(vectors, batch=100)
    np.testing.assert_allclose(batched.components, whole.components, atol=1e-3)


def test_the_largest_loading_is_positive_whatever_the_sign_of_the_data() -> None:
    vectors = cloud(2, 60, 12)
    for given in (vectors, -vectors):
        axes = fit_pca(given, components=4).components
        assert (axes[np.arange(4), np.abs(axes).argmax(axis=1)] > 0).all()
    np.testing.assert_allclose(fit_pca(vectors).components, fit_pca(-vectors).components, atol=1e-4)


def test_equal_vectors_have_no_variance_and_project_to_the_origin() -> None:
    found = fit_pca(np.full((5, 8), 2.5, dtype=np.float32))
    assert found.explained_variance_ratio.tolist() == [0.0, 0.0]
    assert np.allclose(found.project(np.full((3, 8), 2.5)), 0.0)


@pytest.mark.parametrize("components", [0, 4])
def test_components_beyond_the_data_are_refused(components: int) -> None:
    with pytest.raises(InvalidInputError, match="allow 1 to 3"):
        fit_pca(np.eye(3), components=components)


def test_one_vector_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least two"):
        fit_pca(np.ones((1, 4)))


def test_not_finite_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="1 of 8 values that are NaN"):
        fit_pca(np.array([[0, 1, 2, np.nan], [0, 1, 2, 3]]))


def test_projection_of_another_width_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="where 4 are needed"):
        fit_pca(cloud(0, 9, 4)).project(np.ones((2, 5)))


WAYS = {"spread": (300, 40, 1024), "products": (40, 300, 64), "Lanczos": (300, 200, 64)}
"""By the way in which the axes are found: how many vectors of how many dimensions, and what is a small matrix."""


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_scikit_learns(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    count, dimension, small = WAYS[way]
    monkeypatch.setattr(pca, "SMALL", small)
    vectors = cloud(3, count, dimension)
    theirs = PCA(n_components=5, svd_solver="full").fit(vectors.astype(np.float64))
    found = fit_pca(vectors, components=5)
    signs = np.sign((theirs.components_ * found.components).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found.components, signs * theirs.components_, atol=2e-5)
    np.testing.assert_allclose(found.explained_variance_ratio, theirs.explained_variance_ratio_, atol=1e-6)
    np.testing.assert_allclose(found.mean, theirs.mean_, atol=1e-5)
    np.testing.assert_allclose(found.project(vectors), theirs.transform(vectors) * signs.T, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rank", [0, 1, 2])
def test_axes_beyond_the_rank_are_orthonormal_and_without_a_share(
    way: str, rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, dimension, small = WAYS[way]
    monkeypatch.setattr(pca, "SMALL", small)
    rng = np.random.default_rng(rank)
    vectors = rng.standard_normal((count, rank)) @ rng.standard_normal((rank, dimension)) + 0.1
    found = fit_pca(vectors.astype(np.float32), components=4)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(4), atol=1e-5)
    assert found.explained_variance_ratio[rank:].max() < 1e-6
    assert found.explained_variance_ratio.sum() == pytest.approx(min(rank, 1), abs=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_a_cancelled_fit_ends_at_any_step(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    count, dimension, small = WAYS[way]
    monkeypatch.setattr(pca, "SMALL", small)
    monkeypatch.setattr(pca, "_STEP", 1 << 16)
    vectors = cloud(4, count, dimension)
    whole = Looked(ends_at=10**9)
    fit([vectors], count=count, dimension=dimension, components=3, cancellation=whole)
    assert whole.looks > 3
    for last in {0, 1, whole.looks // 2, whole.looks - 1}:
        token = Looked(ends_at=last)
        with pytest.raises(CancelledError):
            fit([vectors], count=count, dimension=dimension, components=3, cancellation=token)
        assert token.looks == last + 1


class Looked(Cancellation):
    """A token that counts how often it is looked at, and is cancelled at one look."""

    def __init__(self, *, ends_at: int) -> None:
        super().__init__()
        self.looks = 0
        self._ends_at = ends_at

    def raise_if_cancelled(self) -> None:
        self.looks += 1
        if self.looks > self._ends_at:
            self.cancel()
        super().raise_if_cancelled()


def test_other_threads_go_on_meanwhile() -> None:
    vectors = np.random.default_rng(5).standard_normal((200, 30_000)).astype(np.float32)
    done, turns = threading.Event(), 0

    def work() -> None:
        fit_pca(vectors)
        done.set()

    threading.Thread(target=work, daemon=True).start()
    while not done.wait(0.001):
        turns += 1
    assert turns > 3


def test_too_many_axes_of_many_long_vectors_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pca, "SMALL", 16)
    monkeypatch.setattr(pca, "MOST_COMPONENTS", 8)
    with pytest.raises(LimitExceededError, match="at most 8 are computed") as caught:
        fit_pca(cloud(6, 40, 30), components=9)
    assert caught.value.field == "components"
