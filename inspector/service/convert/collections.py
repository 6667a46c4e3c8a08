"""Collections, neighbors and components."""

from __future__ import annotations

from typing import Any

from inspector.collections.collection import Collection
from inspector.collections.neighbors import Neighbors
from inspector.collections.pca import Pca
from inspector.collections.vectors import as_matrix
from inspector.errors import InvalidInputError, LimitExceededError
from inspector.service.convert.enums import POOLINGS
from inspector.service.convert.tensors import tensor_from_wire, tensor_to_wire
from inspector.service.names import COLLECTIONS, name_of
from inspector.service.origins import Origin
from inspector.types.arrays import Array
from inspector.v1 import embedding_service_pb2

MAX_ID_CHARACTERS = 512
MAX_ATTRIBUTES = 64
MAX_ATTRIBUTE_CHARACTERS = 4096

_POOLING_VALUES = {name: value for value, name in POOLINGS.items()}
"""The later value of a name wins, so never the unspecified one."""


def collection_to_wire(collection: Collection) -> embedding_service_pb2.Collection:
    """Return the message of a collection, without its items."""
    origin = Origin.of(collection.origin)
    return embedding_service_pb2.Collection(
        name=name_of(COLLECTIONS, collection.name),
        dimension=collection.dimension,
        item_count=len(collection.items),
        model=origin.model,
        layer=origin.layer,
        pooling=_POOLING_VALUES[origin.pooling],  # type: ignore[arg-type]
    )


def neighbors_to_wire(
    found: Neighbors, collection: Collection
) -> embedding_service_pb2.FindNeighborsResponse:
    """Return the message of the nearest items of each query."""
    items = collection.items
    return embedding_service_pb2.FindNeighborsResponse(
        results=[
            embedding_service_pb2.NeighborList(
                neighbors=[
                    embedding_service_pb2.Neighbor(
                        id=items[index].id, index=index, distance=distance, attributes=items[index].attributes
                    )
                    for index, distance in zip(indices.tolist(), distances.tolist(), strict=True)
                ]
            )
            for indices, distances in zip(found.indices, found.distances, strict=True)
        ]
    )


def pca_to_wire(pca: Pca, collection: Collection) -> embedding_service_pb2.ComputePcaResponse:
    """Return the message of the components, and of the items on them."""
    return embedding_service_pb2.ComputePcaResponse(
        mean=tensor_to_wire(pca.mean),
        components=tensor_to_wire(pca.components),
        explained_variance_ratio=tensor_to_wire(pca.explained_variance_ratio),
        points=tensor_to_wire(pca.project(collection.vectors)),
        ids=[item.id for item in collection.items],
    )


def item_id_from_wire(item: embedding_service_pb2.Item, *, field: str) -> str:
    """Return an item's id, its length and that of its attributes checked."""
    if not 1 <= len(item.id) <= MAX_ID_CHARACTERS:
        raise InvalidInputError(
            f"{field}.id has {len(item.id)} characters; 1 to {MAX_ID_CHARACTERS} are allowed.",
            field=f"{field}.id",
        )
    longest = max((len(text) for pair in item.attributes.items() for text in pair), default=0)
    if len(item.attributes) > MAX_ATTRIBUTES or longest > MAX_ATTRIBUTE_CHARACTERS:
        raise LimitExceededError(
            f"{field} has {len(item.attributes)} attributes, the longest of {longest} characters; at most "
            f"{MAX_ATTRIBUTES} of {MAX_ATTRIBUTE_CHARACTERS} are kept.",
            field=f"{field}.attributes",
        )
    return item.id


def vector_from_wire(message: Any, kind: str | None, *, field: str) -> Array:
    """Return the vector (D,) of an item or query."""
    if kind != "vector":
        raise InvalidInputError(f"{field} is empty; set an image or a vector.", reason="MISSING", field=field)
    vector = tensor_from_wire(message.vector, field=f"{field}.vector")
    if vector.ndim != 1 or vector.size == 0:
        raise InvalidInputError(
            f"{field}.vector has shape {list(vector.shape)}; it must be (D,).",
            reason="INVALID_SHAPE",
            field=f"{field}.vector.shape",
        )
    row: Array = as_matrix(vector[None], field=f"{field}.vector")[0]
    return row
