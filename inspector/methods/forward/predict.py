"""Prediction: the most probable classes."""

from __future__ import annotations

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.methods.notes import notes_on_run
from inspector.resolve.probabilities import classify
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import ClassScore, Prediction


def predict(
    engine: Engine, x: Array, *, top: int = 5, cancellation: Cancellation | None = None
) -> tuple[Prediction, ...]:
    """Return the `top` most probable classes of each of (N, …) images, best first."""
    if top < 1:
        raise InvalidInputError(f"top is {top}; it must be at least 1.", field="top")
    scores, probabilities = classify(engine, x, cancellation=cancellation)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    labels = engine.model.labels or ()

    def score(row: int, index: int) -> ClassScore:
        return ClassScore(
            index=index,
            label=labels[index] if index < len(labels) else None,
            probability=float(probabilities[row, index]),
            score=float(scores[row, index]),
        )

    return tuple(
        Prediction(classes=tuple(score(row, int(index)) for index in indices), notes=notes_on_run(engine))
        for row, indices in enumerate(best)
    )
