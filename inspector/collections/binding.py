"""What a collection is bound to: the model, layer and pooling that make its vectors, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from inspector.errors import ConflictError, InvalidInputError, in_brief
from inspector.types.collections import POOLINGS


@dataclass(frozen=True, kw_only=True)
class Binding:
    """Where the vectors of a collection come from; all empty where they are the caller's."""

    model: str = ""
    """The id of a model."""
    layer: str = ""
    """Empty: what the last dense layer reads."""
    pooling: str = "mean"
    sha256: str = ""
    """Of the model's file, once it has made a vector."""

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise InvalidInputError(
                f"pooling is {in_brief(self.pooling)}; allowed: {', '.join(POOLINGS)}.", field="pooling"
            )

    def require_model(self) -> str:
        """Return the model's id; InvalidInputError where there is none."""
        if not self.model:
            raise InvalidInputError(
                "This collection is bound to no model, so it takes vectors, not images. "
                "Name a model when you create it.",
                field="model",
            )
        return self.model

    def made_by(self, sha256: str) -> Binding:
        """Return the binding to that very file; ConflictError where the model's name stood for another one before."""
        if self.sha256 and self.sha256 != sha256:
            raise ConflictError(
                f"{self.model} is not the model that this collection's vectors were made with. Make a new collection.",
                reason="MODEL_CHANGED",
                field="model",
            )
        return replace(self, sha256=sha256)

    def joined(self, other: Binding, *, name: str) -> Binding:
        """Return what vectors of both are bound to; ConflictError where they may not stand in one collection.

        A digest that is not known yet is no difference.
        """
        digests = {self.sha256, other.sha256} - {""}
        if len(digests) == 2 or replace(self, sha256="") != replace(other, sha256=""):
            raise ConflictError(
                f"Collection {name!r} was made from something else meanwhile.",
                reason="COLLECTION_BOUND",
                field="collection",
            )
        return replace(self, sha256=self.sha256 or other.sha256)


def binding_for(
    existing: Binding | None, *, model: str = "", layer: str = "", pooling: str | None = None
) -> Binding:
    """Return the binding of what is added to a collection, or makes one; ConflictError where they disagree.

    What is not given (empty, None) is the collection's, or, where there is none yet, the default.
    """
    if existing is None:
        if layer and not model:
            raise InvalidInputError(
                f"layer is {layer!r}, but no model is given whose layer that would be. Name a model, or leave the "
                "layer out for vectors of your own.",
                field="layer",
            )
        return Binding(model=model, layer=layer, pooling=pooling or Binding.pooling)
    asked = replace(
        existing,
        model=model or existing.model,
        layer=layer or existing.layer,
        pooling=pooling or existing.pooling,
    )
    if asked != existing:
        raise ConflictError(
            f"The collection is bound to {existing.model or 'no model'}, layer {existing.layer or 'before the last'}, "
            f"pooling {existing.pooling}. Use another collection for other vectors.",
            reason="COLLECTION_BOUND",
            field="collection",
        )
    return existing
