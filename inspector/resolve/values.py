"""Outputs without classes: which of their numbers is meant where a class is asked for, or nothing."""

from __future__ import annotations

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError, NotFoundError
from inspector.model.heads.head import CLASS_NUMBERS, EMBEDDING, PICTURE, UNKNOWN, Head
from inspector.resolve.chosen import Chosen, chosen
from inspector.resolve.finite import is_choosable, no_choice
from inspector.resolve.regions import direction_weights
from inspector.types.arrays import Array
from inspector.types.targets import Class, Direction

VECTOR_AXES = 2
"""An output of more wide axes is a map: what is explained by default is its mean."""


def resolve_value(engine: Engine, head: Head, target: Class, activation: Array, *, image: int) -> Chosen:
    """Choose a number by its index; without one the first, of an embedding its norm, of a map the mean of all.

    Of numbers whose meaning is not known it is the largest. NotFoundError where the index is out of range.
    """
    if head.meaning == CLASS_NUMBERS:
        raise InvalidInputError(
            f"Output {head.output!r} holds numbers of classes, which have no slope, and the graph has no scores before "
            f"them. Name a layer: Unit(layer), or Element(layer, index); see layers().",
            reason="NO_SCORES",
            field="index",
        )
    if not is_choosable(activation):
        raise no_choice("the value", values=activation)
    if is_spread(head, activation):
        return _of_map(engine, head, target, activation, image=image)
    if target.position is not None:
        raise InvalidInputError(
            f"Output {head.output!r} has values and no classes, so there is no position of a class; give "
            f"Element({head.output!r}, index).",
            reason="NO_CLASSES",
            field="position",
        )
    if head.meaning == EMBEDDING and target.index is None:
        places = np.arange(activation.size)
        weights = direction_weights(Direction(head.scores), activation)
        return chosen(
            activation, places, weights, kind="direction", tensor=head.scores, output=head.output, image=image
        )
    if target.label is not None:
        raise InvalidInputError(
            f"The class is given by its label, {target.label!r}, but output {head.output!r} has no classes. Give the "
            "value by its index.",
            reason="NO_LABELS",
            field="label",
        )
    index = _index(head, target, activation)
    return chosen(activation, index, kind="element", tensor=head.scores, output=head.output, image=image)


def is_spread(head: Head, activation: Array) -> bool:
    """Return whether numbers stand over places rather than in a vector, or in rows of points."""
    return head.meaning == PICTURE or sum(bool(size > 1) for size in activation.shape) > VECTOR_AXES


def first_of(head: Head, activation: Array) -> int:
    """Return which number of a vector is named first: of unknown ones the largest, else the first."""
    return int(np.argmax(activation)) if head.meaning == UNKNOWN else 0


def _index(head: Head, target: Class, activation: Array) -> int:
    if target.index is None:
        return first_of(head, activation)
    if not 0 <= target.index < activation.size:
        raise NotFoundError(
            f"There is no value {target.index}: output {head.output!r} has {activation.size}, from 0 to "
            f"{activation.size - 1}.",
            reason="CLASS_NOT_FOUND",
            field="index",
        )
    return target.index


def _of_map(engine: Engine, head: Head, target: Class, activation: Array, *, image: int) -> Chosen:
    """Choose the mean of all of a map, or of one of its channels."""
    places = np.arange(activation.size).reshape(activation.shape)
    if target.position is not None:
        raise InvalidInputError(
            f"Output {head.output!r} has no classes; for a place give Element({head.output!r}, index).",
            reason="NO_CLASSES",
            field="position",
        )
    if target.index is not None:
        layer = engine.model.layer_giving(head.scores)
        axis = max((layer.channel_axis or 1) - 1, 0) if layer is not None else 0
        if not 0 <= target.index < activation.shape[axis]:
            raise NotFoundError(
                f"There is no channel {target.index}: output {head.output!r} has {activation.shape[axis]}, from 0 to "
                f"{activation.shape[axis] - 1}.",
                reason="CLASS_NOT_FOUND",
                field="index",
            )
        places = np.take(places, target.index, axis=axis)
    flat = places.reshape(-1)
    return chosen(
        activation,
        flat,
        kind="region",
        tensor=head.scores,
        output=head.output,
        reduce="mean",
        image=image,
    )
