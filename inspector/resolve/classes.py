"""Classes of an output of any rank: which axis holds them, which one wins at a place, and what a class means."""

from __future__ import annotations

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError, NotFoundError
from inspector.graph.head import Head
from inspector.resolve.chosen import Chosen, chosen, flat_indices
from inspector.resolve.finite import is_choosable, no_choice, nothing_found
from inspector.resolve.labels import index_of_label
from inspector.types.arrays import Array
from inspector.types.targets import Class


def class_axis(engine: Engine, head: Head, shape: tuple[int, ...]) -> int:
    """Return the axis of classes in one image's scores, whose shape has no batch axis.

    The axis that a final Softmax runs along; else the only one as long as there are labels; else the only one longer
    than 1; else the last of two (boxes, classes), and of more the channels.
    """
    rank = len(shape)
    before = len(engine.model.shapes.get(head.scores, (1, *shape))) - rank  # 1 where the batch axis led
    if head.axis is not None and -rank <= head.axis < rank + before and head.axis not in range(before):
        softmax = head.axis - before if head.axis >= 0 else head.axis + rank
        if shape[softmax] > 1:
            return softmax
    labeled = [axis for axis, size in enumerate(shape) if size == len(engine.model.labels or ())]
    wide = [axis for axis, size in enumerate(shape) if size > 1]
    if len(labeled) == 1:
        return labeled[0]
    if rank <= 2:
        return rank - 1
    if len(wide) == 1:
        return wide[0]
    layer = engine.model.layer_giving(head.scores)
    axis = layer.channel_axis if layer is not None else None
    return 0 if axis is None else max(axis - before, 0)


def by_class(engine: Engine, head: Head, scores: Array) -> Array:
    """Return (N, …) scores as (N, classes, *places)."""
    if scores.ndim == 1:
        return scores[:, None]
    return np.moveaxis(scores, class_axis(engine, head, scores.shape[1:]) + 1, 1)


def winner(head: Head, classes: Array) -> int:
    """Return the most probable class of one image's (classes, *places): in maps, the one that wins at most places."""
    if classes.ndim > 2 and classes[0].size > 1:
        if head.activation == "sigmoid":
            wins = np.count_nonzero(classes.reshape(len(classes), -1) > 0, axis=1)
        else:
            wins = np.bincount(classes.argmax(axis=0).reshape(-1), minlength=len(classes))
        if wins.any():
            return int(np.argmax(wins))
    return int(np.argmax(_comparable(head, classes).reshape(len(classes), -1).max(axis=1)))


def _comparable(head: Head, classes: Array) -> Array:
    """Return (classes, *places) scores so that places compare: before a Softmax, their logarithms of probability."""
    if classes[0].size == 1 or "softmax" not in head.activation:
        return classes
    shifted = classes.astype(np.float64) - classes.max(axis=0)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=0)))


def resolve_class(engine: Engine, target: Class, activation: Array, *, image: int) -> Chosen:
    """Choose a class and the places where it is explained; NotFoundError where one of them is out of range."""
    head = engine.head_of(target.output)
    if not activation.size:
        raise nothing_found("the most probable class" if target.index is None else f"class {target.index}")
    classes = by_class(engine, head, activation[None])[0]
    labels = engine.model.labels
    labels = labels if labels and len(labels) == len(classes) else None
    index = target.index
    if target.label is not None:
        index = index_of_label(target.label, labels, what=_what(engine, head))
    elif index is None and not is_choosable(classes):
        raise no_choice("the most probable class")
    index = winner(head, classes) if index is None else index
    if not 0 <= index < len(classes):
        raise NotFoundError(
            f"There is no class {index}: {_what(engine, head)} has {len(classes)}, from 0 to {len(classes) - 1}.",
            reason="CLASS_NOT_FOUND",
            field="index",
        )
    position, mask = _places(head, target, classes, index)
    at = np.argwhere(mask)  # (n, axes of places)
    if activation.ndim:
        at = np.insert(at, class_axis(engine, head, activation.shape), index, axis=1)
    places = flat_indices(at.T, activation.shape)
    return chosen(
        activation,
        places,
        np.full(len(places), 1 / len(places)),
        kind="class",
        tensor=head.scores,
        output=head.output,
        channel=index,
        position=position,
        label=labels[index] if labels else None,
        reduce="mean" if len(places) > 1 else None,
        image=image,
    )


def _places(head: Head, target: Class, classes: Array, index: int) -> tuple[tuple[int, ...], Array]:
    """Return one position, or () where there are several or only one; and the mask of the places."""
    scores = classes[index]
    if target.position is not None:
        position = _checked(target, scores.shape)
    elif scores.ndim > 1 and scores.size > 1 and (wins := _wins(head, classes, index)).sum() > 1:
        return (), wins
    elif scores.size > 1 and not is_choosable(classes):
        raise no_choice(f"the place where class {index} is strongest")
    else:
        place = int(np.argmax(_comparable(head, classes)[index]))
        position = tuple(int(i) for i in np.unravel_index(place, scores.shape))
    mask = np.zeros(scores.shape, np.bool_)
    mask[position] = True
    return position if scores.size > 1 else (), mask


def _wins(head: Head, classes: Array, index: int) -> Array:
    """Return where a class is the answer: the largest of all, or with a Sigmoid, more probable than not."""
    if head.activation == "sigmoid":
        wins: Array = classes[index] > 0
        return wins
    return np.asarray(classes.argmax(axis=0) == index)


def _checked(target: Class, shape: tuple[int, ...]) -> tuple[int, ...]:
    position = tuple(target.position or ())
    if len(position) != len(shape):
        raise InvalidInputError(
            f"The position {position} of a class has {len(position)} numbers; this output's classes stand at places of "
            f"the shape {shape}.",
            reason="RANK_MISMATCH",
            field="position",
        )
    if not all(0 <= p < size for p, size in zip(position, shape, strict=True)):
        raise NotFoundError(
            f"There is no position {position}: this output's classes stand at places of the shape {shape}.",
            reason="POSITION_NOT_FOUND",
            field="position",
        )
    return position


def _what(engine: Engine, head: Head) -> str:
    outputs = [output.name for output in engine.model.outputs]
    if len(outputs) == 1:
        return "the model"
    return f"output {head.output!r} (of {', '.join(map(repr, outputs))})"
