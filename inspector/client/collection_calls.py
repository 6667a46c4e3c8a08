"""What a client asks of a server's collections: messages, and how their answers are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from inspector.client.calls import Call
from inspector.errors import within
from inspector.types.collections import CollectionInfo, Item, Metric, Neighbors, Pca, Query
from inspector.v1 import collection_service_pb2 as pb
from inspector.wire.calls import COLLECTION_SERVICE, rpc_named
from inspector.wire.codec import of_message, to_message
from inspector.wire.collections import collection_of_message
from inspector.wire.models import resource_name
from inspector.wire.names import COLLECTIONS, name_of

BATCH_ITEMS = 64
BATCH_BYTES = 32 << 20


def add_items(
    name: str, items: Sequence[Item], *, model: str, layer: str, pooling: str | None
) -> Iterator[Call[CollectionInfo]]:
    """Add items in calls of bounded size: each is done in full or not at all."""
    said = {
        "collection": name_of(COLLECTIONS, name),
        "model": resource_name(model) if model else "",
        "layer": layer,
        "pooling": pooling,
    }
    for batch in _batches(_messages("items", items, pb.Item)):
        request = to_message(said, pb.AddItemsRequest)
        request.items.extend(batch)
        yield _about_collection("AddItems", request)


def find_neighbors(name: str, queries: Sequence[Query], *, k: int, metric: Metric | str) -> Call[Neighbors]:
    """Find the items nearest to each query."""
    said = {"collection": name_of(COLLECTIONS, name), "k": k, "metric": metric}
    request = to_message(said, pb.FindNeighborsRequest)
    request.queries.extend(_messages("queries", queries, pb.Query))
    rpc = rpc_named("FindNeighbors", service=COLLECTION_SERVICE)
    return Call(rpc, request, lambda response: of_message(response, Neighbors))


def compute_pca(name: str, *, components: int) -> Call[Pca]:
    """Compute the principal components."""
    said = {"collection": name_of(COLLECTIONS, name), "components": components}
    request = to_message(said, pb.ComputePcaRequest)
    rpc = rpc_named("ComputePca", service=COLLECTION_SERVICE)
    return Call(rpc, request, lambda response: of_message(response, Pca))


def get_collection(name: str) -> Call[CollectionInfo]:
    """Ask what is known of a collection."""
    return _about_collection("GetCollection", pb.GetCollectionRequest(name=name_of(COLLECTIONS, name)))


def delete_collection(name: str) -> Call[None]:
    """Forget a collection."""
    rpc = rpc_named("DeleteCollection", service=COLLECTION_SERVICE)
    return Call(rpc, pb.DeleteCollectionRequest(name=name_of(COLLECTIONS, name)), lambda _: None)


def _about_collection(name: str, message: Any) -> Call[CollectionInfo]:
    return Call(
        rpc_named(name, service=COLLECTION_SERVICE),
        message,
        lambda response: collection_of_message(response.collection),
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
