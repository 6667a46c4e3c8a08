"""The collections of a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from inspector.client.connection import Connection
from inspector.errors import within
from inspector.face.model import Model
from inspector.types.collections import CollectionInfo, Item, Metric, Neighbors, Pca, Query
from inspector.types.control import FREE, Control, Deadline
from inspector.v1 import collection_service_pb2 as pb
from inspector.wire.codec import of_message, to_message
from inspector.wire.collections import COLLECTIONS, collection_of_message
from inspector.wire.models import resource_name

BATCH_ITEMS = 64
BATCH_BYTES = 32 << 20


class WireCollections:
    """Answers what is asked of collections by a server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._service = connection.collections

    def __repr__(self) -> str:
        return f"the server at {self._connection.address}"

    def add(
        self,
        name: str,
        items: Sequence[Item],
        *,
        model: Model | str = "",
        layer: str = "",
        pooling: str | None = None,
        control: Control = FREE,
    ) -> CollectionInfo:
        """Add items in requests of bounded size: each request is done in full or not at all."""
        model = model.name if isinstance(model, Model) else model
        said = {"model": resource_name(model) if model else "", "layer": layer, "pooling": pooling}
        deadline = None if control.timeout is None else Deadline(control.timeout)
        for batch in _batches(_messages("items", items, pb.Item)):
            request = to_message({"collection": COLLECTIONS + name, **said}, pb.AddItemsRequest)
            request.items.extend(batch)
            if deadline is not None:
                control = replace(control, timeout=deadline.left())
            response = self._connection.call(self._service.AddItems, request, control)
        return collection_of_message(response.collection)

    def neighbors(
        self,
        name: str,
        queries: Sequence[Query],
        *,
        k: int = 10,
        metric: Metric | str = Metric.COSINE,
        control: Control = FREE,
    ) -> Neighbors:
        """Return the items nearest to each query."""
        said = {"collection": COLLECTIONS + name, "k": k, "metric": metric}
        request = to_message(said, pb.FindNeighborsRequest)
        request.queries.extend(_messages("queries", queries, pb.Query))
        return of_message(self._connection.call(self._service.FindNeighbors, request, control), Neighbors)

    def pca(self, name: str, *, components: int = 2, control: Control = FREE) -> Pca:
        """Return the principal components, and where the items lie on them."""
        said = {"collection": COLLECTIONS + name, "components": components}
        request = to_message(said, pb.ComputePcaRequest)
        return of_message(self._connection.call(self._service.ComputePca, request, control), Pca)

    def info(self, name: str) -> CollectionInfo:
        """Return what the server knows of a collection now."""
        request = pb.GetCollectionRequest(name=COLLECTIONS + name)
        return collection_of_message(self._connection.call(self._service.GetCollection, request).collection)

    def list(self) -> tuple[CollectionInfo, ...]:
        """Return what the server knows of all collections, by name."""
        pages = self._connection.pages(
            self._service.ListCollections, pb.ListCollectionsRequest(), "collections"
        )
        return tuple(map(collection_of_message, pages))

    def delete(self, name: str) -> None:
        """Forget a collection and its items."""
        self._connection.call(
            self._service.DeleteCollection, pb.DeleteCollectionRequest(name=COLLECTIONS + name)
        )


def _messages(field: str, things: Sequence[Any], kind: Any) -> Iterator[Any]:
    for index, thing in enumerate(things):
        with within(f"{field}[{index}]", always=True):
            message = to_message(thing, kind)
        yield message


def _batches(items: Iterator[Any]) -> Iterator[list[Any]]:
    """Yield the items in requests of bounded size."""
    batch: list[Any] = []
    size = 0
    for item in items:
        grown = size + item.ByteSize()
        if batch and (len(batch) == BATCH_ITEMS or grown > BATCH_BYTES):
            yield batch
            batch, grown = [], item.ByteSize()
        batch.append(item)
        size = grown
    yield batch
