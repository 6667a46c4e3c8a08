"""Answers that look wrong by themselves: judged by what was computed anyway, and rarely said of right ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.methods.prepared import SETTLE
from inspector.types.arrays import Array
from inspector.types.images import Prepared

DOUBTFUL_ANSWERS = "doubtful_answers"

FEWEST_CLASSES = 5
"""Of fewer, scores are alike by chance."""
MOST_COMPARED = 16
"""Images of a request of which answers are compared."""
FEWEST_PAIRS = 6
"""Of different pictures, as four have them: of fewer the scores may be alike by chance."""
LIKE_PICTURES = 0.6
"""Pictures that correlate more may well have the same answer."""
LIKE_ANSWERS = 0.9
"""Scores of different pictures that correlate more, on the average: 0.76 is the most of any right preprocessing."""


def note_doubts(run: Run, x: Prepared, answers: Sequence[tuple[Array, Array]]) -> None:
    """Note where the scores and probabilities (classes,) of pictures are such as a wrong preprocessing makes them.

    They are as likely as each other, or the same for pictures that differ. (How certain the first class is tells
    nothing: right answers of small networks are beyond all measure before the second.)
    """
    counts = {scores.size for scores, _ in answers}
    if not x.from_pictures or len(counts) != 1 or max(counts) < FEWEST_CLASSES:
        return
    scores, probabilities = (np.stack([answer[part].reshape(-1) for answer in answers]) for part in (0, 1))
    if not np.isfinite(scores).all():
        return
    why = None
    if np.all(probabilities.max(axis=1) <= 1.02 / scores.shape[1]):
        why = "All classes are as good as equally likely"
    elif _are_alike(x.values[:MOST_COMPARED], scores[:MOST_COMPARED]):
        why = "Pictures that differ get nearly the same scores"
    if why is not None:
        run.note(
            DOUBTFUL_ANSWERS,
            f"{why}, as happens where the preprocessing is not that of the training. To change it, {SETTLE}",
        )


def _are_alike(images: Array, scores: Array) -> bool:
    """Return whether the scores of different pictures are alike, on the average."""
    upper = np.triu_indices(len(images), 1)
    if len(upper[0]) < FEWEST_PAIRS:  # most requests: to compare pixels costs as much as a small network
        return False
    differ = _correlations(images)[upper] < LIKE_PICTURES
    if np.count_nonzero(differ) < FEWEST_PAIRS:
        return False
    return bool(_correlations(scores)[upper][differ].mean() > LIKE_ANSWERS)


def _correlations(rows: Array) -> Array:
    """Return how each row (N, …) correlates with each; 0 for one that does not vary."""
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    flat = flat - flat.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(flat, axis=1, keepdims=True)
    units = flat / np.where(norms == 0, 1.0, norms)
    found: Array = units @ units.T
    return found
