"""PCA against a singular value decomposition of all vectors at once."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.collections.pca import fit_pca
from inspector.errors import InvalidInputError


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
    pca = fit_pca(vectors, components=components)
    np.testing.assert_allclose(pca.mean, mean, atol=1e-5)
    np.testing.assert_allclose(pca.components, axes, atol=1e-4)
    np.testing.assert_allclose(pca.explained_variance_ratio, ratio, atol=1e-5)
    np.testing.assert_allclose(pca.project(vectors), (vectors - mean) @ axes.T, atol=1e-3)


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
    pca = fit_pca(np.full((5, 8), 2.5, dtype=np.float32))
    assert pca.explained_variance_ratio.tolist() == [0.0, 0.0]
    assert np.allclose(pca.project(np.full((3, 8), 2.5)), 0.0)


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
