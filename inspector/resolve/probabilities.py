"""From scores to probabilities, as the model's head does it; and what images answer at a target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.engine import Engine
from inspector.model.heads.head import BOXES, Head
from inspector.resolve.boxes.choice import box_tensors, detections_of
from inspector.resolve.boxes.detections import Detections
from inspector.resolve.chosen import Chosen
from inspector.resolve.classes import by_class, output_by_class, winner
from inspector.resolve.finite import is_choosable
from inspector.types.arrays import Array


def probabilities(head: Head, found: dict[str, Array]) -> Array | None:
    """Return the probabilities of classes, float32 (N, classes, *places), from the tensors of `tensors_of(head)`.

    The model's own where it gives some, whatever its last operator; else the softmax of scores of which one holds, and
    the sigmoid of others. None where numbers are no probabilities. NaN and infinity pass through.
    """
    if not head.has_classes or head.meaning == BOXES:
        return None
    scores = by_class(head, found[head.scores].astype(np.float32, copy=False))
    if not scores.size:
        return scores
    if head.holds_probabilities or head.activation == "log_softmax":
        own = output_by_class(head, found[head.output].astype(np.float32, copy=False))
        if own.shape == scores.shape:
            return own if head.holds_probabilities else np.exp(own)
    if head.is_set:
        return np.asarray(np.exp(-np.logaddexp(0, -scores)))
    return softmax(scores, axis=1)


def tensors_of(head: Head) -> tuple[str, ...]:
    """Return the tensors that an answer is read from."""
    if head.boxes is not None:
        return box_tensors(head)
    return tuple(dict.fromkeys((head.scores, head.output)))


def winners(engine: Engine, head: Head, found: dict[str, Array], x: Array) -> Array:
    """Return the class that each of (N, …) images shows, int64 (N,): −1 where none can be chosen, or there are none."""
    if head.meaning == BOXES:
        return np.asarray([_surest(detections_of(engine, head, found, row, x)) for row in range(len(x))])
    if not head.has_classes:
        return np.zeros(len(x), np.int64)
    classes = by_class(head, found[head.scores])
    return np.asarray([winner(head, one) if is_choosable(one) else -1 for one in classes], np.int64)


def _surest(seen: Detections) -> int:
    sure = seen.confidences
    if not sure.size or not is_choosable(sure):
        return -1
    return int(sure.max(axis=1).argmax())


def answers(engine: Engine, chosen: Chosen, found: dict[str, Array], x: Array) -> Array:
    """Return what (N, …) images answer at a target, float32 (N,): a class's probability, else the target's value."""
    return answers_of_all(engine, [chosen], found, x)[0]


def answers_of_all(
    engine: Engine, targets: Sequence[Chosen], found: dict[str, Array], x: Array
) -> list[Array]:
    """Return what (N, …) images answer at each of some targets, float32 (N,) each."""
    known: dict[str | None, Array | None] = {}
    seen: dict[str | None, list[Detections]] = {}
    result = []
    for chosen in targets:
        resolved = chosen.resolved
        head = engine.head_of(resolved.output) if resolved.kind == "class" else None
        if head is not None and head.meaning == BOXES:
            if resolved.output not in seen:
                seen[resolved.output] = [detections_of(engine, head, found, row, x) for row in range(len(x))]
            result.append(np.asarray([_confidence(chosen, one) for one in seen[resolved.output]], np.float32))
            continue
        if head is not None and resolved.output not in known:
            known[resolved.output] = probabilities(head, found)
        shown = None if head is None else known[resolved.output]
        if head is None or shown is None:
            result.append(chosen.scores(found[resolved.tensor]).astype(np.float32))
        else:
            result.append(_at_places(head, chosen, shown, found[head.scores].shape[1:]))
    return result


def present(engine: Engine, chosen: Chosen, found: dict[str, Array], count: int) -> Array:
    """Return which of `count` images have the target's elements, (N,) bool: where boxes are found, some may not."""
    if chosen.resolved.kind == "class" and engine.head_of(chosen.resolved.output).meaning == BOXES:
        return np.ones(count, np.bool_)  # of a box that is not there, the confidence is 0
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


def _at_places(head: Head, chosen: Chosen, known: Array, shape: tuple[int, ...]) -> Array:
    """Return the weighted sum of probabilities at the places of the scores, (N,); NaN where they lack one."""
    places = chosen.places_in(shape)
    if places is None:
        return np.full(len(known), np.nan, np.float32)
    index = np.unravel_index(places, shape) if shape else ()
    at: tuple[Array, ...]
    if head.axis is None or not shape:
        at = (np.zeros(len(places), np.int64), *index)
    else:
        own = head.axis + len(shape)
        at = (index[own], *(one for axis, one in enumerate(index) if axis != own))
    here = np.moveaxis(known, 0, -1)[at]  # (n, N)
    found: Array = chosen.weights.astype(np.float64) @ here.astype(np.float64)
    return found.astype(np.float32)


def _confidence(chosen: Chosen, seen: Detections) -> float:
    """Return how sure a detector is of a class at a box; of boxes that it chooses itself, at the surest of them."""
    index = chosen.resolved.channel or 0
    if not seen.count:
        return 0.0
    if any(scale.numbers is not None for scale in seen.boxes.scales):
        sure = seen.confidences
        return float(sure[index].max()) if index < len(sure) else 0.0
    boxes = seen.boxes_of(chosen.resolved.output)
    places = seen.places(chosen.resolved.output) or (len(boxes),)
    box = int(boxes[np.ravel_multi_index(chosen.resolved.position, places)])
    return seen.confidence_at(index, box)
