"""Combinations of targets: each term is chosen beside those before it, and their weighted sum is one target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inspector.errors import InvalidInputError
from inspector.model.heads.head import Head
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array
from inspector.types.targets import Span


def moved_to(head: Head, first: Chosen, other: Chosen, activation: Array) -> Chosen:
    """Return another class at the places of the first, so that they are compared there."""
    if head.axis is None or not first.shape:
        return other
    index = list(np.unravel_index(first.places, first.shape))
    own = head.axis + len(first.shape)
    index[own] = np.full(len(first.places), other.resolved.channel)
    places = np.asarray(np.ravel_multi_index(tuple(index), first.shape)).reshape(-1)
    resolved = replace(other.resolved, position=first.resolved.position, reduce=first.resolved.reduce)
    moved = replace(other, resolved=resolved, places=places, weights=first.weights)
    return moved.on(activation, image=other.resolved.image)


def taken(terms: Sequence[Chosen]) -> frozenset[int]:
    """Return the classes that terms have."""
    return frozenset(
        one.resolved.channel
        for one in terms
        if one.resolved.kind == "class" and one.resolved.channel is not None
    )


def combined(terms: Sequence[Chosen], weights: Sequence[float]) -> Chosen:
    """Return Σ w_j·S_j of terms that are chosen on one image; InvalidInputError where they lie in several tensors."""
    tensors = list(dict.fromkeys(one.resolved.tensor for one in terms))
    if len(tensors) > 1:
        raise several_tensors(tensors)
    first = terms[0]
    places, back = np.unique(np.concatenate([one.places for one in terms]), return_inverse=True)
    summed = np.zeros(len(places), np.float64)
    scaled = [one.weights.astype(np.float64) * weight for one, weight in zip(terms, weights, strict=True)]
    np.add.at(summed, back, np.concatenate(scaled))
    if not summed.any():
        raise InvalidInputError(
            "The combination's targets are the same elements, and cancel out: nothing is left to explain. Give others, "
            "or other weights.",
            reason="NOTHING_LEFT",
            field="targets",
        )
    index = np.unravel_index(places, first.shape) if first.shape else ()
    layers = {one.resolved.layer for one in terms}
    places_of = {one.resolved.position for one in terms}
    resolved = replace(
        first.resolved,
        kind="combination",
        channel=None,
        layer=first.resolved.layer if len(layers) == 1 else None,
        position=first.resolved.position if len(places_of) == 1 else (),
        label=_words(terms, weights, with_places=len(places_of) > 1),
        spans=tuple(Span(int(axis.min()), int(axis.max()) + 1) for axis in index),
        elements=len(places),
        reduce=None,
        value=float(sum(weight * one.resolved.value for one, weight in zip(terms, weights, strict=True))),
    )
    return replace(first, resolved=resolved, places=places, weights=summed.astype(np.float32))


def several_tensors(tensors: Sequence[str]) -> InvalidInputError:
    """Return the error for terms that lie in several tensors."""
    return InvalidInputError(
        f"The combination's targets lie in several tensors, {', '.join(map(repr, tensors[:4]))}; those of one "
        "combination lie in one. Explain them one by one, and take the sum of their maps.",
        reason="SEVERAL_TENSORS",
        field="targets",
    )


def _words(terms: Sequence[Chosen], weights: Sequence[float], *, with_places: bool) -> str:
    """Return the sum in words: "class 281 tabby − class 282 tiger cat"."""
    parts = []
    for number, (one, weight) in enumerate(zip(terms, weights, strict=True)):
        plain = one.resolved if with_places else replace(one.resolved, position=(), reduce=None)
        sign = "−" if weight < 0 else "+" if number else ""
        size = "" if abs(weight) == 1 else f"{abs(weight):.4g}·"
        parts += [sign] if sign and number else []
        parts.append(f"{sign if not number else ''}{size}{plain}")
    return " ".join(parts)
