"""From scores to probabilities, as the model's head does it."""

from __future__ import annotations

from typing import Any

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.runtime.cancel import Cancellation

Array = np.ndarray[Any, np.dtype[Any]]


def scores_and_probabilities(engine: Engine, found: dict[str, Array]) -> tuple[Array, Array]:
    """Return (N, classes) scores and probabilities from the fetched tensors of `tensors_of(engine)`.

    Raises InvalidInputError where the model answers NaN or infinity, as some do on images of a range they never saw.
    """
    head = engine.head
    scores = _flat(found[head.scores])
    if np.isnan(scores).any() or np.isposinf(scores).any():
        raise InvalidInputError(
            "The model answers NaN or infinity on this image. Check the preprocessing, above all the range of values.",
            reason="ANSWER_NOT_FINITE",
            field="images",
        )
    match head.activation:
        case "softmax" | "sigmoid":
            return scores, _flat(found[head.output])
        case "log_softmax":
            return scores, np.exp(_flat(found[head.output]))
        case _:
            return scores, softmax(scores)


def tensors_of(engine: Engine) -> tuple[str, ...]:
    """Return the tensors that `scores_and_probabilities` needs."""
    return tuple(dict.fromkeys((engine.head.scores, engine.head.output)))


def classify(engine: Engine, x: Array, *, cancellation: Cancellation | None = None) -> tuple[Array, Array]:
    """Return (N, classes) scores and probabilities of images, float32."""
    return scores_and_probabilities(engine, engine.run(x, tensors_of(engine), cancellation=cancellation))


def softmax(scores: Array) -> Array:
    """Return the softmax along the last axis."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    total: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return total


def _flat(array: Array) -> Array:
    flat: Array = array.reshape(len(array), -1).astype(np.float32, copy=False)
    return flat
