"""What a collection is bound to: the model, layer and pooling that make its vectors, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from inspector.errors import ConflictError, InvalidInputError
from inspector.service.convert.enums import POOLINGS, from_wire
from inspector.service.names import MODELS, id_of
from inspector.v1 import embedding_service_pb2


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the vectors of a collection come from; all empty where they are the caller's."""

    model: str = ""
    layer: str = ""
    pooling: str = "mean"
    sha256: str = ""
    """Of the model's file, once it has made a vector."""

    @classmethod
    def of(cls, mapping: Mapping[str, str]) -> Origin:
        """Return what a store kept."""
        return cls(**mapping)

    def to_mapping(self) -> dict[str, str]:
        """Return what a store keeps."""
        return asdict(self)

    def require_model(self) -> str:
        """Return the model's resource name; InvalidInputError where there is none."""
        if not self.model:
            raise InvalidInputError(
                "This collection is bound to no model, so it takes vectors, not images. "
                "Name a model when you create it.",
                field="model",
            )
        return self.model

    def agrees_with(self, other: Origin) -> bool:
        """Say whether vectors of both may stand in one collection; a digest that is not known yet is no difference."""
        digests = {self.sha256, other.sha256} - {""}
        return len(digests) < 2 and replace(self, sha256="") == replace(other, sha256="")

    def require_same_model(self, sha256: str) -> None:
        """Raise ConflictError where the model under that name is another one than before."""
        if self.sha256 and self.sha256 != sha256:
            raise ConflictError(
                f"{self.model} is not the model that this collection's vectors were made with. Make a new collection.",
                reason="MODEL_CHANGED",
                field="model",
            )


def origin_for(request: embedding_service_pb2.AddItemsRequest, existing: Origin | None) -> Origin:
    """Return the origin of the collection that a request adds to, or makes; ConflictError where they disagree."""
    if request.model:
        id_of(MODELS, request.model, field="model")
    pooling = from_wire(POOLINGS, request.pooling, field="pooling")
    if existing is None:
        return Origin(model=request.model, layer=request.layer, pooling=pooling)
    asked = replace(
        existing,
        model=request.model or existing.model,
        layer=request.layer or existing.layer,
        pooling=pooling if request.pooling else existing.pooling,
    )
    if asked != existing:
        raise ConflictError(
            f"The collection is bound to {existing.model or 'no model'}, layer {existing.layer or 'before the last'}, "
            f"pooling {existing.pooling}. Use another collection for other vectors.",
            reason="COLLECTION_BOUND",
            field="collection",
        )
    return existing
