"""Images become vectors: by a model that is given from outside, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, cast

from inspector.collections.binding import Binding
from inspector.errors import InvalidInputError
from inspector.types.arrays import Array
from inspector.types.collections import Item, Query
from inspector.types.control import NEVER, Cancellation
from inspector.types.requests.features import FeaturesRequest, Pooling

IMAGES_AT_ONCE = 64

Content = TypeVar("Content", Item, Query)


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedded:
    """What a model made of images."""

    vectors: Array
    """(N, D), one row per image."""
    sha256: str
    """Of the model's file."""


def features_request(images: Sequence[object], binding: Binding) -> FeaturesRequest:
    """Return what to ask of a binding's model for the vectors of images."""
    pooling = cast("Pooling", binding.pooling)  # which the request checks
    return FeaturesRequest(images=list(images), layer=binding.layer or None, pooling=pooling)


class Embed(Protocol):
    """Makes vectors of images by the model, layer and pooling of a binding.

    It may ask `binding.made_by(digest)` before it works, so as to fail early; it is asked afterwards in any case.
    """

    def __call__(self, images: Sequence[object], binding: Binding, /) -> Embedded: ...


def no_model(_images: Sequence[object], binding: Binding) -> Embedded:
    """Refuse: here are no models."""
    raise InvalidInputError(
        f"There is no model {binding.require_model()!r} here that could make vectors of images. Give one, or vectors.",
        field="model",
    )


def embedded(
    contents: Sequence[Content], binding: Binding, embed: Embed, *, cancellation: Cancellation = NEVER
) -> tuple[tuple[Content, ...], Binding]:
    """Return the items or queries with vectors in the place of images, and the binding to the model that made them.

    ConflictError where the model is no longer that of the binding; InvalidInputError where it names none;
    CancelledError between two portions of images.
    """
    made = list(contents)
    pictured = [index for index, content in enumerate(contents) if content.image is not None]
    if pictured:
        binding.require_model()
    for start in range(0, len(pictured), IMAGES_AT_ONCE):
        cancellation.raise_if_cancelled()
        chosen = pictured[start : start + IMAGES_AT_ONCE]
        found = embed([contents[index].image for index in chosen], binding)
        binding = binding.made_by(found.sha256)
        if len(found.vectors) != len(chosen):
            raise InvalidInputError(
                f"{len(chosen)} entries hold {len(found.vectors)} images; each must hold one.", field="image"
            )
        for index, vector in zip(chosen, found.vectors, strict=True):
            made[index] = replace(contents[index], image=None, vector=vector)
    return tuple(made), binding
