"""The judge of docs/coverage.md: central differences must tell a right gradient from a wrong one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage.differences import slope_error

X = np.random.default_rng(0).standard_normal((1, 3, 5, 5)).astype(np.float32)
WEIGHTS = np.random.default_rng(1).standard_normal(X.shape).astype(np.float32)
GRADIENT = WEIGHTS * (1 - np.tanh(WEIGHTS * X) ** 2)


def function(x: np.ndarray) -> float:
    return float(np.tanh(WEIGHTS * x).sum())


def test_a_right_gradient_is_near() -> None:
    assert slope_error(function, X, GRADIENT) < 1e-3


@pytest.mark.parametrize("wrong", [GRADIENT * 1.1, GRADIENT[..., ::-1], -GRADIENT])
def test_a_wrong_gradient_is_far(wrong: np.ndarray) -> None:
    assert slope_error(function, X, wrong) > 0.05


def test_no_gradient_has_no_direction() -> None:
    assert np.isnan(slope_error(function, X, GRADIENT * 0))
