"""A collection of vectors on a server: which images are alike?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inspector.client.connection import Connection
from inspector.client.images import image_to_wire, images_to_wire
from inspector.client.remote_model import POOLINGS
from inspector.client.tensors import tensor_from_wire, tensor_to_wire
from inspector.errors import InvalidInputError
from inspector.types.arrays import Array
from inspector.v1 import embedding_service_pb2

METRICS = {
    "cosine": embedding_service_pb2.METRIC_COSINE,
    "euclidean": embedding_service_pb2.METRIC_EUCLIDEAN,
}
BATCH_ITEMS = 64
BATCH_BYTES = 32 << 20


@dataclass(frozen=True, kw_only=True)
class CollectionInfo:
    """What a server tells of a collection."""

    name: str
    """Its id, without "collections/"."""
    dimension: int
    item_count: int
    model: str
    """The id of the model that makes its vectors; empty where they are the caller's."""
    layer: str
    """Empty: what the last dense layer reads."""
    pooling: str


@dataclass(frozen=True, kw_only=True)
class Neighbor:
    """An item near to a query."""

    id: str
    index: int
    """Its place in the collection, in the order of addition."""
    distance: float
    attributes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Pca:
    """The principal components of a collection, and where its items lie on them."""

    mean: Array
    """float32 (D,)"""
    components: Array
    """float32 (K, D): unit vectors, in order of falling variance."""
    explained_variance_ratio: Array
    """float32 (K,)"""
    points: Array
    """float32 (N, K)"""
    ids: tuple[str, ...]
    """The items' ids, in the order of `points`."""


class RemoteCollection:
    """A collection by its name; it exists once something was added."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._service = connection.embedding
        self._name = f"collections/{name}"

    def __repr__(self) -> str:
        return f"<{self._name} at {self._connection.address}>"

    def info(self) -> CollectionInfo:
        """Return what the server knows of it now."""
        request = embedding_service_pb2.GetCollectionRequest(name=self._name)
        return collection_from_wire(self._connection.call(self._service.GetCollection, request).collection)

    def add(
        self,
        images: Mapping[str, object] | None = None,
        *,
        vectors: Mapping[str, Array] | None = None,
        attributes: Mapping[str, Mapping[str, str]] | None = None,
        model: str | None = None,
        layer: str | None = None,
        pooling: str | None = None,
    ) -> CollectionInfo:
        """Add images, of which the model makes vectors, or vectors, by id; `attributes` by id too.

        The first call makes the collection and binds it to the model, layer and pooling.
        """
        items = _items(images or {}, vectors or {}, attributes or {})
        if not items:
            raise InvalidInputError("There is nothing to add; give images or vectors by id.", field="images")
        for batch in _batches(items):
            request = embedding_service_pb2.AddItemsRequest(
                collection=self._name,
                model=f"models/{model}" if model else "",
                layer=layer or "",
                pooling=None if pooling is None else _known(POOLINGS, pooling, field="pooling"),
                items=batch,
            )
            response = self._connection.call(self._service.AddItems, request)
        return collection_from_wire(response.collection)

    def neighbors(
        self,
        x: object = None,
        *,
        vectors: Sequence[Array] | None = None,
        items: Sequence[str] | None = None,
        k: int = 10,
        metric: str = "cosine",
    ) -> tuple[tuple[Neighbor, ...], ...]:
        """Return the `k` nearest items of each query, nearest first: of images, or of vectors, or of items by id."""
        request = embedding_service_pb2.FindNeighborsRequest(
            collection=self._name,
            queries=_queries(x, vectors, items),
            k=k,
            metric=_known(METRICS, metric, field="metric"),
        )
        response = self._connection.call(self._service.FindNeighbors, request)
        return tuple(tuple(_neighbor(one) for one in result.neighbors) for result in response.results)

    def pca(self, *, components: int = 2) -> Pca:
        """Return the principal components, and the items on them."""
        request = embedding_service_pb2.ComputePcaRequest(collection=self._name, components=components)
        response = self._connection.call(self._service.ComputePca, request)
        return Pca(
            mean=tensor_from_wire(response.mean),
            components=tensor_from_wire(response.components),
            explained_variance_ratio=tensor_from_wire(response.explained_variance_ratio),
            points=tensor_from_wire(response.points),
            ids=tuple(response.ids),
        )

    def delete(self) -> None:
        """Forget the collection and its items."""
        request = embedding_service_pb2.DeleteCollectionRequest(name=self._name)
        self._connection.call(self._service.DeleteCollection, request)


def collection_from_wire(message: embedding_service_pb2.Collection) -> CollectionInfo:
    """Return what a server tells of a collection."""
    return CollectionInfo(
        name=message.name.partition("/")[2],
        dimension=message.dimension,
        item_count=message.item_count,
        model=message.model.partition("/")[2],
        layer=message.layer,
        pooling=next(name for name, value in POOLINGS.items() if value == message.pooling),
    )


def _items(
    images: Mapping[str, object], vectors: Mapping[str, Array], attributes: Mapping[str, Mapping[str, str]]
) -> list[embedding_service_pb2.Item]:
    return [
        embedding_service_pb2.Item(id=key, image=image_to_wire(image), attributes=attributes.get(key))
        for key, image in images.items()
    ] + [
        embedding_service_pb2.Item(id=key, vector=tensor_to_wire(vector), attributes=attributes.get(key))
        for key, vector in vectors.items()
    ]


def _batches(items: Sequence[embedding_service_pb2.Item]) -> Iterator[list[embedding_service_pb2.Item]]:
    """Yield the items in requests of bounded size."""
    batch: list[embedding_service_pb2.Item] = []
    size = 0
    for item in items:
        grown = size + item.ByteSize()
        if batch and (len(batch) == BATCH_ITEMS or grown > BATCH_BYTES):
            yield batch
            batch, grown = [], item.ByteSize()
        batch.append(item)
        size = grown
    yield batch


def _queries(
    x: object, vectors: Sequence[Array] | None, items: Sequence[str] | None
) -> list[embedding_service_pb2.Query]:
    if sum(given is not None for given in (x, vectors, items)) != 1:
        raise InvalidInputError("Give either images, or vectors, or items.", field="queries")
    if vectors is not None:
        return [embedding_service_pb2.Query(vector=tensor_to_wire(vector)) for vector in vectors]
    if items is not None:
        return [embedding_service_pb2.Query(item_id=item) for item in items]
    return [embedding_service_pb2.Query(image=image) for image in images_to_wire(x)]


def _neighbor(message: embedding_service_pb2.Neighbor) -> Neighbor:
    return Neighbor(
        id=message.id, index=message.index, distance=message.distance, attributes=dict(message.attributes)
    )


def _known(known: Mapping[str, Any], given: str, *, field: str) -> Any:
    if given not in known:
        raise InvalidInputError(f"{field} is {given!r}; allowed: {', '.join(known)}.", field=field)
    return known[given]
