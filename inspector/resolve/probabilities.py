"""From scores to probabilities, as the model's head does it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.graph.head import Head
from inspector.resolve.chosen import Chosen
from inspector.resolve.classes import by_class, class_axis
from inspector.resolve.finite import find_origin, is_choosable, no_choice
from inspector.types.arrays import Array


def scores_and_probabilities(engine: Engine, head: Head, found: dict[str, Array]) -> tuple[Array, Array]:
    """Return scores and probabilities, both (N, *shape of the scores), from the fetched tensors of `tensors_of(head)`.

    Where one answer per image is all there is, the model's own probabilities, or else the softmax of its scores. Where
    there are many (boxes, pixels), what the head makes of the scores, and the scores themselves where it makes nothing.
    NaN and infinity, which some models answer on images of a range they never saw, pass through.
    """
    scores = found[head.scores].astype(np.float32, copy=False)
    if not scores.size:
        return scores, scores
    if by_class(engine, head, scores)[0, 0].size > 1:
        return scores, _everywhere(engine, head, scores)
    match head.activation:
        case "softmax" | "sigmoid":
            answers = found[head.output].astype(np.float32, copy=False)
        case "log_softmax":
            answers = np.exp(found[head.output].astype(np.float32, copy=False))
        case _:
            answers = softmax(scores.reshape(len(scores), -1))
    return scores, answers.reshape(scores.shape)


def tensors_of(head: Head) -> tuple[str, ...]:
    """Return the tensors that `scores_and_probabilities` needs."""
    return tuple(dict.fromkeys((head.scores, head.output)))


def classify(run: Run, x: Array) -> Iterator[tuple[Array, Array]]:
    """Yield each image's (classes,) scores and probabilities, float32; of many places, the strongest of each class.

    They are empty where the model found nothing. InvalidInputError where no class can be chosen, with the layer in
    which NaN or infinity begin.
    """
    engine, head = run.engine, run.engine.head
    for images, found in run.together(x, tensors_of(head)):
        scores, probabilities = scores_and_probabilities(engine, head, found)
        for image, row in zip(images, scores, strict=True):
            if row.size and not is_choosable(row):
                origin = find_origin(run, x[image][None])
                raise no_choice("the most probable class", origin=origin)
        if not scores.size:
            yield from ((np.zeros(0, np.float32),) * 2 for _ in images)
            continue
        yield from zip(_strongest(engine, head, scores), _strongest(engine, head, probabilities), strict=True)


def answers(engine: Engine, chosen: Chosen, found: dict[str, Array]) -> Array:
    """Return what images answer at a target, float32 (N,): a class's probability, else the target's value."""
    if chosen.resolved.kind != "class":
        return chosen.scores(found[chosen.resolved.tensor]).astype(np.float32)
    head = engine.head_of(chosen.resolved.output)
    return chosen.scores(scores_and_probabilities(engine, head, found)[1]).astype(np.float32)


def present(chosen: Chosen, found: dict[str, Array], count: int) -> Array:
    """Return which of `count` images have the target's elements, (N,) bool: where boxes are found, some may not."""
    return np.full(count, chosen.is_in(found[chosen.resolved.tensor].shape[1:]))


def tensors_for(engine: Engine, chosen: Chosen) -> tuple[str, ...]:
    """Return the tensors that `answers` needs."""
    if chosen.resolved.kind != "class":
        return (chosen.resolved.tensor,)
    return tensors_of(engine.head_of(chosen.resolved.output))


def softmax(scores: Array, axis: int = -1) -> Array:
    """Return the softmax along an axis; NaN in rows where a score is NaN or +∞."""
    with np.errstate(invalid="ignore"):
        shifted = np.exp(scores - scores.max(axis=axis, keepdims=True))
        total: Array = shifted / shifted.sum(axis=axis, keepdims=True)
    return total


def _everywhere(engine: Engine, head: Head, scores: Array) -> Array:
    match head.activation:
        case "sigmoid":
            return np.asarray(np.exp(-np.logaddexp(0, -scores)))
        case "softmax" | "log_softmax":
            return softmax(scores, class_axis(engine, head, scores.shape[1:]) + 1)
        case _:
            return scores


def _strongest(engine: Engine, head: Head, values: Array) -> Array:
    classes = by_class(engine, head, values)
    strongest: Array = classes.reshape(*classes.shape[:2], -1).max(axis=2)
    return strongest
