"""Prediction: the most probable classes."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.doubts import note_doubts
from inspector.methods.notes import NOTHING_FOUND, note_run
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
    answers = list(classify(run, x.values))
    empty = sum(not scores.size for scores, _ in answers)
    if empty:
        run.note(NOTHING_FOUND, f"On {empty} of {len(answers)} images the model found nothing.")
    note_doubts(run, x, answers)
    labels = run.engine.model.labels or ()

    def score(row: int, index: int) -> ClassScore:
        return ClassScore(
            index=index,
            label=labels[index] if index < len(labels) else None,
            probability=float(answers[row][1][index]),
            score=float(answers[row][0][index]),
        )

    found = tuple(
        Prediction(
            classes=tuple(score(row, int(index)) for index in np.argsort(-scores, kind="stable")[:top]),
            notes=run.notes,
        )
        for row, (scores, _) in enumerate(answers)
    )
    return Predictions(predictions=found, notes=run.notes)
