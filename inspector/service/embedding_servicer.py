"""inspector.v1.EmbeddingService."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from inspector.collections.collection import Collection, CollectionStore, Item
from inspector.collections.neighbors import neighbors
from inspector.collections.pca import fit_pca
from inspector.errors import ConflictError, InvalidInputError, LimitExceededError, NotFoundError
from inspector.face.model import Model
from inspector.runtime.cancel import Cancellation
from inspector.service.calls import Calls
from inspector.service.convert.collections import (
    collection_to_wire,
    item_id_from_wire,
    neighbors_to_wire,
    pca_to_wire,
    vector_from_wire,
)
from inspector.service.convert.enums import METRICS, from_wire
from inspector.service.convert.images import image_from_wire, require_count
from inspector.service.gate import Gate
from inspector.service.inputs import prepared
from inspector.service.names import COLLECTIONS, id_of, page_by_id
from inspector.service.origins import Origin, origin_for
from inspector.types.arrays import Array
from inspector.v1 import embedding_service_pb2, embedding_service_pb2_grpc

MAX_NEIGHBORS = 1000


class EmbeddingServicer(embedding_service_pb2_grpc.EmbeddingServiceServicer):
    """Collections of vectors, and what is near in them."""

    def __init__(self, calls: Calls, store: CollectionStore, *, gate: Gate, max_items: int) -> None:
        self._calls = calls
        self._store = store
        self._gate = gate
        self._max_items = max_items

    async def AddItems(
        self, request: embedding_service_pb2.AddItemsRequest, context: Any
    ) -> embedding_service_pb2.AddItemsResponse:
        name = id_of(COLLECTIONS, request.collection, field="collection")
        require_count(len(request.items), limit=self._max_items, field="items")
        ids = [item_id_from_wire(item, field=f"items[{index}]") for index, item in enumerate(request.items)]
        existing = self._find(name)
        origin = origin_for(request, None if existing is None else Origin.of(existing.origin))
        vectors, origin = await self._vectors(request.items, origin, context, field="items")
        items = [
            Item(id=key, vector=vector, attributes=dict(item.attributes))
            for key, vector, item in zip(ids, vectors, request.items, strict=True)
        ]
        collection = await self._calls.behind(self._gate, context, lambda: self._add(name, origin, items))
        return embedding_service_pb2.AddItemsResponse(collection=collection_to_wire(collection))

    async def ListCollections(
        self, request: embedding_service_pb2.ListCollectionsRequest, _context: Any
    ) -> embedding_service_pb2.ListCollectionsResponse:
        names, token = page_by_id(
            self._store.names(), size=request.page_size, token=request.page_token, default=50, limit=1000
        )
        return embedding_service_pb2.ListCollectionsResponse(
            collections=[collection_to_wire(self._store.get(name)) for name in names], next_page_token=token
        )

    async def GetCollection(
        self, request: embedding_service_pb2.GetCollectionRequest, _context: Any
    ) -> embedding_service_pb2.GetCollectionResponse:
        collection = self._store.get(id_of(COLLECTIONS, request.name, field="name"))
        return embedding_service_pb2.GetCollectionResponse(collection=collection_to_wire(collection))

    async def DeleteCollection(
        self, request: embedding_service_pb2.DeleteCollectionRequest, _context: Any
    ) -> embedding_service_pb2.DeleteCollectionResponse:
        self._store.delete(id_of(COLLECTIONS, request.name, field="name"))
        return embedding_service_pb2.DeleteCollectionResponse()

    async def FindNeighbors(
        self, request: embedding_service_pb2.FindNeighborsRequest, context: Any
    ) -> embedding_service_pb2.FindNeighborsResponse:
        collection = self._store.get(id_of(COLLECTIONS, request.collection, field="collection"))
        require_count(len(request.queries), limit=self._max_items, field="queries")
        metric = from_wire(METRICS, request.metric, field="metric")
        k = request.k or 10
        if k > MAX_NEIGHBORS:
            raise LimitExceededError(f"k is {k}; at most {MAX_NEIGHBORS} neighbors are given.", field="k")
        queries, _ = await self._vectors(
            request.queries, Origin.of(collection.origin), context, field="queries", collection=collection
        )

        def work() -> embedding_service_pb2.FindNeighborsResponse:
            found = neighbors(collection.vectors, np.stack(queries), k=k, metric=metric)
            return neighbors_to_wire(found, collection)

        _require_dimension(queries, collection.dimension, field="queries")
        return await self._calls.behind(self._gate, context, work)

    async def ComputePca(
        self, request: embedding_service_pb2.ComputePcaRequest, context: Any
    ) -> embedding_service_pb2.ComputePcaResponse:
        collection = self._store.get(id_of(COLLECTIONS, request.collection, field="collection"))

        def work() -> embedding_service_pb2.ComputePcaResponse:
            pca = fit_pca(collection.vectors, components=request.components or 2)
            return pca_to_wire(pca, collection)

        return await self._calls.behind(self._gate, context, work)

    def _find(self, name: str) -> Collection | None:
        try:
            return self._store.get(name)
        except NotFoundError:
            return None

    def _add(self, name: str, origin: Origin, items: Sequence[Item]) -> Collection:
        """Add to a collection, making it where there is none; nothing is left of one that takes no item."""
        existing = self._find(name)
        if existing is not None:
            # Made by another call meanwhile, perhaps from another model.
            if not origin.agrees_with(Origin.of(existing.origin)):
                raise ConflictError(
                    f"Collection {name!r} was made from something else meanwhile.",
                    reason="COLLECTION_BOUND",
                    field="collection",
                )
            return self._store.add(name, items)
        self._store.create(name, dimension=items[0].vector.size, origin=origin.to_mapping())
        try:
            return self._store.add(name, items)
        except Exception:
            self._store.delete(name)
            raise

    async def _vectors(
        self,
        messages: Sequence[Any],
        origin: Origin,
        context: Any,
        *,
        field: str,
        collection: Collection | None = None,
    ) -> tuple[list[Array], Origin]:
        """Return one vector per item or query, and the origin with the digest of the model, if it was needed."""
        vectors: dict[int, Array] = {}
        images: dict[int, Any] = {}
        for index, message in enumerate(messages):
            path = f"{field}[{index}]"
            kind = message.WhichOneof("content" if field == "items" else "query")
            if kind == "image":
                images[index] = image_from_wire(message.image, field=f"{path}.image")
            elif kind == "item_id" and collection is not None:
                vectors[index] = _vector_of(collection, message.item_id, field=f"{path}.item_id")
            else:
                vectors[index] = vector_from_wire(message, kind, field=path)
        if images:
            made, origin = await self._embed(list(images.values()), origin, context)
            vectors |= zip(images, made, strict=True)
        return [vectors[index] for index in range(len(messages))], origin

    async def _embed(self, images: list[Any], origin: Origin, context: Any) -> tuple[Array, Origin]:
        """Return one feature vector per image."""

        def work(inspector: Model, cancellation: Cancellation) -> tuple[Array, Origin]:
            sha256 = inspector.model.sha256
            origin.require_same_model(sha256)
            inputs = prepared(inspector, images, cancellation)
            found = inspector.features(
                inputs, layer=origin.layer or None, pooling=origin.pooling, cancellation=cancellation
            )
            if len(found) != len(images):
                raise InvalidInputError(
                    f"{len(images)} entries hold {len(found)} images; each must hold one.", field="image"
                )
            return found, replace(origin, sha256=sha256)

        return await self._calls.on_model(origin.require_model(), context, work)


def _vector_of(collection: Collection, identifier: str, *, field: str) -> Array:
    for item in collection.items:
        if item.id == identifier:
            return item.vector
    raise NotFoundError(
        f"Collection {collection.name!r} has no item {identifier[:80]!r}.",
        reason="ITEM_NOT_FOUND",
        field=field,
    )


def _require_dimension(vectors: Sequence[Array], dimension: int, *, field: str) -> None:
    for index, vector in enumerate(vectors):
        if vector.size != dimension:
            raise InvalidInputError(
                f"{field}[{index}] has {vector.size} dimensions; the collection has {dimension}.",
                reason="DIMENSION_MISMATCH",
                field=f"{field}[{index}]",
            )
