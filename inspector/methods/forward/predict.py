"""Prediction: the most probable classes."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.doubts import note_doubts
from inspector.methods.notes import note_run
from inspector.methods.prepared import prepared
from inspector.methods.verbs import answers
from inspector.resolve.probabilities import classify
from inspector.types.requests.predict import PredictRequest
from inspector.types.results.predictions import ClassScore, Prediction, Predictions


@answers(PredictRequest)
def predict(run: Run, request: PredictRequest) -> Predictions:
    """Return the `top` most probable classes of each image, best first."""
    top = request.top
    if top < 1:
        raise InvalidInputError(f"top is {top}; it must be at least 1.", field="top")
    x = prepared(run, request.images)
    note_run(run)
    scores, probabilities = classify(run, x.values)
    note_doubts(run, x, scores, probabilities)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    labels = run.engine.model.labels or ()

    def score(row: int, index: int) -> ClassScore:
        return ClassScore(
            index=index,
            label=labels[index] if index < len(labels) else None,
            probability=float(probabilities[row, index]),
            score=float(scores[row, index]),
        )

    found = tuple(
        Prediction(classes=tuple(score(row, int(index)) for index in indices), notes=run.notes)
        for row, indices in enumerate(best)
    )
    return Predictions(predictions=found, notes=run.notes)
