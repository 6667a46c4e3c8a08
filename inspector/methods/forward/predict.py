"""Prediction: what the model answers, each kind of answer in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.doubts import note_doubts
from inspector.methods.notes import NOTHING_FOUND, note_head
from inspector.methods.prepared import prepared
from inspector.methods.verbs import answers
from inspector.model.heads.head import BOXES, CLASS_NUMBERS, CLASSES, UNKNOWN, Head
from inspector.resolve.boxes.choice import detections_of
from inspector.resolve.boxes.suppression import surest
from inspector.resolve.classes import by_class, is_map, ranked, wins
from inspector.resolve.finite import find_origin, is_choosable, no_choice
from inspector.resolve.names import label_of
from inspector.resolve.probabilities import probabilities, tensors_of
from inspector.resolve.values import is_spread
from inspector.types.arrays import Array
from inspector.types.requests.predict import PredictRequest
from inspector.types.results.predictions import (
    DRAWN,
    MOST_DRAWN_BYTES,
    Box,
    ClassScore,
    Prediction,
    Predictions,
)

SURE = 0.25
"""Less sure boxes are not told of."""
OVERLAP = 0.5
"""Of two boxes of one class that overlap by so much (intersection over union), the surer is told of."""
MOST_BOXES = 100


_CARD = Card(
    formula="f(x), read as what the output is: p = softmax(s) of scores, σ(s) of independent ones, boxes after "
    "non-maximum suppression, the class of each place, or the values as they are.",
    source="The model's own graph; what an output means is found from its shape, its end and its metadata "
    "(docs/decisions/0033-heads.md).",
    shows="What the model answers, with labels where it has some, and both the probability and the score before "
    "it.",
    hides="A probability is the model's own, and seldom calibrated (Guo et al. 2017, arXiv 1706.04599). Wrong "
    "preprocessing gives answers without a word: read the notes.",
    cost="1 forward pass.",
)


@answers(PredictRequest, card=_CARD)
def predict(run: Run, request: PredictRequest) -> Predictions:
    """Return what the model answers on each image: its `top` best classes, its boxes, its values."""
    top = request.top
    if top < 1:
        raise InvalidInputError(f"top is {top}; it must be at least 1.", field="top")
    x = prepared(run, request.images)
    head = run.engine.head
    read = _boxes if head.meaning == BOXES else _classes if head.has_classes else _values
    doubtful: list[tuple[Array, Array]] = []
    found = []
    for rows, tensors in run.together(x.values, tensors_of(head)):
        found += read(run, head, tensors, x.values[rows.start : rows.stop], top=top)
        if head.meaning == CLASSES and x.from_pictures:  # of which alone anything is doubted
            doubtful += _strongest(head, tensors)
    empty = sum(_is_empty(one) for one in found)
    if empty:
        run.note(NOTHING_FOUND, f"On {empty} of {len(found)} images the model found nothing.")
    if doubtful:
        note_doubts(run, x, doubtful)
    note_head(run, None)
    found = [replace(one, notes=run.notes) for one in found]
    drawn = head.meaning in DRAWN and x.values.nbytes <= MOST_DRAWN_BYTES
    return Predictions(
        predictions=tuple(found),
        inputs=x.values if drawn else None,
        layout=run.engine.model.input.layout if drawn else "",
        preprocessing=run.engine.model.preprocessing if drawn else None,
        notes=run.notes,
    )


def _is_empty(found: Prediction) -> bool:
    """Return whether the model found nothing on an image: no boxes, or an empty tensor."""
    return not found.classes and (found.values is None or not found.values.size)


def _strongest(head: Head, found: dict[str, Array]) -> list[tuple[Array, Array]]:
    """Return each image's (classes,) scores and probabilities, those of the strongest place."""
    scores = by_class(head, found[head.scores].astype(np.float32))
    likely = probabilities(head, found)
    if likely is None or not scores.size:
        return []
    flat = (one.reshape(*one.shape[:2], -1).max(axis=2) for one in (scores, likely))
    return list(zip(*flat, strict=True))


def _classes(run: Run, head: Head, found: dict[str, Array], x: Array, *, top: int) -> list[Prediction]:
    scores = by_class(head, found[head.scores].astype(np.float32))
    # What an ArgMax kept has no probabilities, though the scores before it have.
    likely = None if head.meaning == CLASS_NUMBERS else probabilities(head, found)
    return [
        _of_classes(run, head, own, None if likely is None else likely[row], x[row : row + 1], top=top)
        for row, own in enumerate(scores)
    ]


def _of_classes(
    run: Run, head: Head, scores: Array, likely: Array | None, image: Array, *, top: int
) -> Prediction:
    """Return the classes of one image from (classes, *places); none where there is no place."""
    if not scores.size:
        return Prediction(classes=(), meaning=head.meaning, output=head.output)
    if not is_choosable(scores):
        raise no_choice("the most probable class", origin=find_origin(run, image))
    where = wins(head, scores)
    spread = is_map(head, scores)
    strongest = scores.reshape(len(scores), -1).max(axis=1)
    probability = None if likely is None else likely.reshape(len(likely), -1).max(axis=1)
    shares = where.reshape(len(where), -1).mean(axis=1) if spread else None
    classes = tuple(
        ClassScore(
            index=int(index),
            label=label_of(run.engine.model, head, int(index)),
            probability=None if probability is None else float(probability[index]),
            score=float(strongest[index]),
            share=None if shares is None else float(shares[index]),
        )
        for index in ranked(head, scores)[:top]
    )
    chosen = np.where(where.any(axis=0), where.argmax(axis=0) if not head.is_set else _surest(scores), -1)
    return Prediction(
        classes=classes,
        notes=run.notes,
        meaning=head.meaning,
        output=head.output,
        map=chosen.astype(np.int64) if spread else None,
    )


def _surest(scores: Array) -> Array:
    return np.asarray(scores.argmax(axis=0))


def _values(run: Run, head: Head, found: dict[str, Array], x: Array, *, top: int) -> list[Prediction]:
    values = found[head.output]
    return [_of_values(run, head, own, x[row : row + 1], top=top) for row, own in enumerate(values)]


def _of_values(run: Run, head: Head, values: Array, image: Array, *, top: int) -> Prediction:
    """Return the numbers of one image as they are; of a vector, some of them one by one."""
    if np.issubdtype(values.dtype, np.floating) and values.size and not is_choosable(values):
        raise no_choice("the value", origin=find_origin(run, image))
    flat = values.reshape(-1).astype(np.float32)
    order: Sequence[int] = []
    if not is_spread(head, values):
        order = np.argsort(-flat, kind="stable").tolist() if head.meaning == UNKNOWN else range(flat.size)
    return Prediction(
        classes=tuple(
            ClassScore(index=int(index), label=None, probability=None, score=float(flat[index]))
            for index in order[:top]
        ),
        notes=run.notes,
        meaning=head.meaning,
        output=head.output,
        values=values.astype(np.float32),
        map=values.astype(np.int64)
        if head.meaning == CLASS_NUMBERS and sum(size > 1 for size in values.shape) > 1
        else None,
    )


def _boxes(run: Run, head: Head, found: dict[str, Array], x: Array, *, top: int) -> list[Prediction]:
    return [_of_boxes(run, head, found, row, x, top=top) for row in range(len(x))]


def _of_boxes(run: Run, head: Head, found: dict[str, Array], row: int, x: Array, *, top: int) -> Prediction:
    """Return the classes of one image by their best box, and the boxes that are sure enough."""
    seen = detections_of(run.engine, head, found, row, x)
    sure, model = seen.confidences, run.engine.model
    if sure.size and not is_choosable(sure):
        raise no_choice("the surest box", origin=find_origin(run, x[row : row + 1]))
    best = sure.max(axis=1, initial=0)
    order = np.argsort(-best, kind="stable")
    if head.background is not None:
        order = order[order != head.background]
    classes = tuple(
        ClassScore(
            index=int(index),
            label=label_of(model, head, int(index)),
            probability=float(best[index]),
            score=float(best[index]),
        )
        for index in order[:top]
        if seen.count
    )
    labels = sure.argmax(axis=0) if seen.count else np.zeros(0, np.int64)
    confidence = sure.max(axis=0, initial=0)
    likely = np.flatnonzero(confidence >= SURE)
    corners = seen.corners
    kept = surest(
        None if corners is None else corners[likely],
        confidence[likely],
        labels[likely],
        overlap=OVERLAP,
        most=MOST_BOXES,
    )
    boxes = []
    for box in likely[kept].tolist():
        output, position = seen.place_of(box)
        boxes.append(
            Box(
                index=int(labels[box]),
                label=label_of(model, head, int(labels[box])),
                confidence=float(confidence[box]),
                corners=None if corners is None else tuple(float(one) for one in corners[box]),
                output=output,
                position=position,
            )
        )
    return Prediction(
        classes=classes, notes=run.notes, meaning=head.meaning, output=head.output, boxes=tuple(boxes)
    )
