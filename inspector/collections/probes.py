"""Linear probes: how well a linear classifier tells classes apart by vectors, cross-validated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from inspector.collections.vectors import FloatArray
from inspector.types.arrays import Array

_MOST_STEPS = 5_000


def _softmax(strength: float, seed: int) -> Any:
    return LogisticRegression(C=strength, max_iter=_MOST_STEPS, random_state=seed)


def _svm(strength: float, seed: int) -> Any:
    return LinearSVC(C=strength, max_iter=_MOST_STEPS, random_state=seed)


KINDS: Mapping[str, Callable[[float, int], Any]] = {"softmax": _softmax, "svm": _svm}
"""Multinomial logistic regression, and a linear support vector machine of one class against the rest."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How images are split and probes are fitted; the same for all layers, so that they compare."""

    labels: Array
    """int64 (N,)."""
    folds: int
    strength: float
    """C of scikit-learn: the inverse of the regularization."""
    seed: int

    def splits(self) -> Iterator[tuple[Array, Array]]:
        """Yield the rows to fit on and those to judge on, classes in equal shares, of each fold."""
        folds = StratifiedKFold(n_splits=self.folds, shuffle=True, random_state=self.seed)
        yield from folds.split(np.zeros((len(self.labels), 1)), self.labels)

    def accuracies(self, vectors: npt.ArrayLike, *, kind: str) -> Iterator[tuple[float, bool]]:
        """Yield the share of images that are told right by vectors (N, D), and whether the fit converged, fold by fold.

        Each dimension is brought to mean 0 and deviation 1 by what the probe is fitted on.
        """
        matrix: FloatArray = np.asarray(vectors, np.float64)
        for fit, judge in self.splits():
            probe = make_pipeline(StandardScaler(), KINDS[kind](self.strength, self.seed))
            probe.fit(matrix[fit], self.labels[fit])
            has_converged = bool(np.max(probe[-1].n_iter_) < _MOST_STEPS)
            yield float(probe.score(matrix[judge], self.labels[judge])), has_converged
