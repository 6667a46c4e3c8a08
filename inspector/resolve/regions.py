"""Elements, regions and directions of one image's tensor: which elements, with which weights."""

from __future__ import annotations

import numpy as np

from inspector.errors import InvalidInputError, NotFoundError
from inspector.resolve.chosen import flat_indices
from inspector.resolve.finite import is_choosable, no_choice, nothing_found
from inspector.types.arrays import Array
from inspector.types.targets import Direction, Element, Region, Span


def element_place(target: Element, activation: Array) -> Array:
    """Return the flat index of an element, (1,)."""
    if target.index is None:
        _check_choosable(f"the largest element of {target.tensor!r}", activation)
        return np.atleast_1d(np.argmax(activation))
    field = "index"
    _check_rank(target.tensor, len(target.index), activation.shape, exactly=True, field=field)
    spans = [Span(i, i + 1) for i in target.index]
    box = _box(target.tensor, spans, activation.shape, field=field)
    return flat_indices(np.ix_(*box), activation.shape)


def region_places(target: Region, activation: Array) -> Array:
    """Return the flat indices of a region's elements, (n,); of the largest where the region is reduced to that."""
    field = "index"
    _check_rank(target.tensor, len(target.spans), activation.shape, exactly=False, field=field)
    whole = [Span()] * (activation.ndim - len(target.spans))
    box = _box(target.tensor, [*target.spans, *whole], activation.shape, field=field)
    places = flat_indices(np.ix_(*box), activation.shape)
    if target.mask is not None:
        places = places[_mask_on(target.mask, tuple(map(len, box))).reshape(-1)]
    if not places.size:
        raise InvalidInputError(
            f"The region of {target.tensor!r} is empty: its mask keeps none of its elements.",
            reason="EMPTY_REGION",
            field="mask",
        )
    if target.reduce == "max":
        _check_choosable(f"the largest element of {target.tensor!r}", activation.reshape(-1)[places])
        return places[[int(np.argmax(activation.reshape(-1)[places]))]]
    return places


def direction_weights(target: Direction, activation: Array) -> Array:
    """Return v / ‖v‖, flat, with the tensor itself for v where the target has none."""
    vector: Array = np.asarray(activation if target.vector is None else target.vector, np.float64).reshape(-1)
    if vector.size != activation.size:
        raise InvalidInputError(
            f"The vector has {vector.size} numbers; {target.tensor!r} has {activation.size} per image, of shape "
            f"{activation.shape}.",
            reason="DIMENSION_MISMATCH",
            field="vector",
        )
    weights: Array = vector / max(float(np.linalg.norm(vector)), float(np.finfo(np.float32).tiny))
    return weights


def _check_choosable(what: str, values: Array) -> None:
    if not is_choosable(values):
        raise no_choice(what, values=values)


def _check_rank(tensor: str, given: int, shape: tuple[int, ...], *, exactly: bool, field: str) -> None:
    if given > len(shape) or (exactly and given != len(shape)):
        raise InvalidInputError(
            f"The index into {tensor!r} has {given} parts; its shape without the batch axis is {shape}: give "
            f"{'' if exactly else 'at most '}{len(shape)}.",
            reason="RANK_MISMATCH",
            field=field,
        )


def _box(tensor: str, spans: list[Span], shape: tuple[int, ...], *, field: str) -> list[range]:
    found = []
    for axis, (span, size) in enumerate(zip(spans, shape, strict=True)):
        start = 0 if span.start is None else span.start
        stop = size if span.stop is None else span.stop
        if start >= stop:
            raise InvalidInputError(
                f"The region of {tensor!r} is empty: {span} along axis {axis}; the start must be below the stop.",
                reason="EMPTY_REGION",
                field=field,
            )
        if not size:
            raise nothing_found(f"element {span} of {tensor!r}")
        if start < 0 or stop > size:
            raise NotFoundError(
                f"{tensor!r} has no element {span} along axis {axis}: its shape without the batch axis is {shape}, "
                f"so they go from 0 to {size - 1}.",
                reason="ELEMENT_NOT_FOUND",
                field=field,
            )
        found.append(range(start, stop))
    return found


def _mask_on(mask: Array, shape: tuple[int, ...]) -> Array:
    try:
        return np.broadcast_to(mask, shape)
    except ValueError as error:
        raise InvalidInputError(
            f"The mask has the shape {mask.shape}, which does not fit the region's, {shape}.",
            reason="DIMENSION_MISMATCH",
            field="mask",
        ) from error
