"""Classes of an output of any rank: which one wins at a place, and what a class means."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.model.heads.head import CLASS_MAP, CLASS_NUMBERS, Head
from inspector.resolve.chosen import Chosen, chosen, flat_indices
from inspector.resolve.finite import is_choosable, no_choice, nothing_found
from inspector.resolve.labels import index_of_label
from inspector.resolve.names import label_of, labels_of, owner_of_classes
from inspector.resolve.required import require_class, require_position
from inspector.types.arrays import Array
from inspector.types.targets import Class


def by_class(head: Head, scores: Array) -> Array:
    """Return (N, …) scores as (N, classes, *places)."""
    return _first(scores, head.axis)


def output_by_class(head: Head, values: Array) -> Array:
    """Return an output's (N, …) values as (N, classes, *places)."""
    return _first(values, head.output_axis)


def _first(values: Array, axis: int | None) -> Array:
    if axis is None or values.ndim < 1 - axis:
        return values[:, None]
    if axis + values.ndim == 1:
        return values
    return np.moveaxis(values, axis, 1)


def winner(head: Head, classes: Array) -> int:
    """Return the class that answers, of one image's (classes, *places): of a map, the one that wins at most places."""
    if is_map(head, classes) or head.background is not None:
        return int(ranked(head, classes)[0])
    return int(_strength(head, classes).argmax())


def ranked(head: Head, classes: Array) -> Array:
    """Return the classes of one image's (classes, *places), the answer first: in maps by places, else by strength."""
    order = np.argsort(_turned(_strength(head, classes)), kind="stable")
    if is_map(head, classes):
        shares = np.count_nonzero(wins(head, classes).reshape(len(classes), -1), axis=1)
        order = order[np.argsort(-shares[order], kind="stable")]
    if head.background is not None:
        is_background = order == head.background
        order = np.concatenate([order[~is_background], order[is_background]])
    return order


def _turned(values: Array) -> Array:
    """Return values in the other order: the least is the largest. The negative of a whole number may wrap around."""
    return np.invert(values) if values.dtype.kind in "iub" else -values


def _strength(head: Head, classes: Array) -> Array:
    """Return how strong each class is at the place where it is strongest, (classes,)."""
    if classes.ndim == 1:
        return classes
    found: Array = _comparable(head, classes).reshape(len(classes), -1).max(axis=1)
    return found


def is_map(head: Head, classes: Array) -> bool:
    """Return whether classes are those of many places."""
    return classes.ndim > 1 and head.meaning in (CLASS_MAP, CLASS_NUMBERS) and classes[0].size > 1


def wins(head: Head, classes: Array) -> Array:
    """Return where each class is the answer, (classes, *places): the largest, or of a set, more probable than not."""
    if head.is_set:
        return np.asarray(classes > even(head))
    return np.asarray(
        classes.argmax(axis=0) == np.arange(len(classes)).reshape(-1, *[1] * (classes.ndim - 1))
    )


def even(head: Head) -> float:
    """Return the score that is as probable as not."""
    return 0.5 if head.scores == head.output and head.holds_probabilities else 0.0


def _comparable(head: Head, classes: Array) -> Array:
    """Return (classes, *places) scores so that places compare: of which one holds, their logarithms of probability."""
    are_final = head.scores == head.output and (head.holds_probabilities or head.activation == "log_softmax")
    if classes[0].size == 1 or head.is_set or are_final:
        return classes
    shifted = classes.astype(np.float64) - classes.max(axis=0)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=0)))


def first_free(order: Iterable[int], besides: Collection[int]) -> int:
    """Return the first of some classes that is none of `besides`; InvalidInputError where there is none."""
    for index in order:
        if index not in besides:
            return int(index)
    raise InvalidInputError(
        f"The most probable class beside {len(besides)} others is asked for, and there is no other.",
        reason="CLASS_NOT_FOUND",
        field="index",
    )


def resolve_class(
    engine: Engine,
    head: Head,
    target: Class,
    activation: Array,
    *,
    image: int,
    besides: Collection[int] = frozenset(),
) -> Chosen:
    """Choose a class and the places where it is explained; NotFoundError where one of them is out of range.

    Where the class is open, it is the most probable that is none of `besides`.
    """
    if not activation.size:
        raise nothing_found("the most probable class" if target.index is None else f"class {target.index}")
    classes = by_class(head, activation[None])[0]
    index = target.index
    if target.label is not None:
        index = index_of_label(
            target.label, labels_of(engine.model, head), what=owner_of_classes(engine.model, head)
        )
    index = _most_probable(head, classes, besides) if index is None else index
    require_class(engine.model, head, index, count=len(classes))
    position, at = _places(head, target, classes, index)
    if activation.ndim and head.axis is not None:
        at.insert(head.axis + activation.ndim, index)
    places = flat_indices(at, activation.shape)
    return chosen(
        activation,
        places,
        kind="class",
        tensor=head.scores,
        output=head.output,
        channel=index,
        position=position,
        label=label_of(engine.model, head, index),
        reduce="mean" if len(places) > 1 else None,
        image=image,
    )


def _most_probable(head: Head, classes: Array, besides: Collection[int]) -> int:
    """Return the class that answers, of those that are none of `besides`; InvalidInputError where there is none."""
    if classes.ndim == 1 and not besides and head.background is None:
        first = int(classes.argmax())  # of the largest, or of NaN, which is not less
        if classes[first] < np.inf:
            return first
    if not is_choosable(classes):
        raise no_choice("the most probable class")
    return first_free(ranked(head, classes), besides)


def _places(
    head: Head, target: Class, classes: Array, index: int
) -> tuple[tuple[int, ...], list[int | Array]]:
    """Return one position, or () where there are several or only one; and the indices of the places, axis by axis."""
    scores = classes[index]
    if target.position is not None:
        position = _checked(target, scores.shape)
    elif classes.ndim == 1:
        return (), []
    elif is_map(head, classes) and (here := wins(head, classes)[index]).sum() > 1:
        return (), list(np.nonzero(here))
    elif scores.size > 1 and not is_choosable(classes):
        raise no_choice(f"the place where class {index} is strongest")
    else:
        place = int(np.argmax(_comparable(head, classes)[index]))
        position = tuple(int(i) for i in np.unravel_index(place, scores.shape))
    return position if scores.size > 1 else (), list(position)


def _checked(target: Class, shape: tuple[int, ...]) -> tuple[int, ...]:
    position = tuple(target.position or ())
    require_position(position, shape, of="this output's classes")
    return position
