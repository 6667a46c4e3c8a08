"""inspector.v1.CollectionService."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from inspector.collections.binding import Binding
from inspector.collections.domain import Collections
from inspector.collections.embedding import Content, embedded
from inspector.collections.store import Header, Store
from inspector.errors import LimitExceededError, within
from inspector.face.collection import embed_by
from inspector.face.model import Model
from inspector.service.calls import Calls, require_few
from inspector.service.gate import Gate
from inspector.service.names import COLLECTIONS, MODELS, id_of, name_of, page_by_id
from inspector.types.collections import CollectionInfo, Item, Neighbors, Pca, Query
from inspector.types.control import Cancellation, Control, Deadline
from inspector.v1 import collection_service_pb2 as pb
from inspector.v1 import collection_service_pb2_grpc
from inspector.wire.codec import fields_given, of_message, to_message
from inspector.wire.collections import collection_to_message

T = TypeVar("T")

MAX_NEIGHBORS = 1000


class CollectionServicer(collection_service_pb2_grpc.CollectionServiceServicer):
    """Collections of vectors, and what is near in them.

    No store is asked on the event loop. `gate` is for what computes over a whole collection, `quick` for the rest,
    which thus never waits for it, nor, in threads of its own, for a model. A call has one deadline for all its steps.
    """

    def __init__(self, calls: Calls, store: Store, *, gate: Gate, quick: Gate, max_items: int) -> None:
        self._calls = calls
        self._collections = Collections(store)
        self._gate = gate
        self._quick = quick
        self._max_items = max_items

    async def AddItems(self, request: pb.AddItemsRequest, context: Any) -> pb.AddItemsResponse:
        name = id_of(COLLECTIONS, request.collection, field="collection")
        model = id_of(MODELS, request.model, field="model") if request.model else ""
        require_few(len(request.items), most=self._max_items, field="items")
        deadline = self._calls.deadline(context)

        def read() -> tuple[Sequence[Item], Binding]:
            said = fields_given(request, {"layer": str, "pooling": str})
            items = _read("items", request.items, Item)
            return items, self._collections.binding(name, items, model=model, **said)

        items, binding = await self._quickly(deadline, read)
        made, binding = await self._embedded(items, binding, deadline)
        info = await self._quickly(deadline, lambda: self._collections.append(name, made, binding))
        return pb.AddItemsResponse(collection=collection_to_message(info))

    async def ListCollections(
        self, request: pb.ListCollectionsRequest, context: Any
    ) -> pb.ListCollectionsResponse:
        def page() -> tuple[Sequence[CollectionInfo], str]:
            names, token = page_by_id(
                self._collections.names(),
                size=request.page_size,
                token=request.page_token,
                default=50,
                limit=1000,
            )
            return self._collections.list(names), token

        found, token = await self._quickly(self._calls.deadline(context), page)
        return pb.ListCollectionsResponse(
            collections=map(collection_to_message, found), next_page_token=token
        )

    async def GetCollection(self, request: pb.GetCollectionRequest, context: Any) -> pb.GetCollectionResponse:
        name = id_of(COLLECTIONS, request.name, field="name")
        info = await self._quickly(self._calls.deadline(context), lambda: self._collections.info(name))
        return pb.GetCollectionResponse(collection=collection_to_message(info))

    async def DeleteCollection(
        self, request: pb.DeleteCollectionRequest, context: Any
    ) -> pb.DeleteCollectionResponse:
        name = id_of(COLLECTIONS, request.name, field="name")
        await self._quickly(self._calls.deadline(context), lambda: self._collections.delete(name))
        return pb.DeleteCollectionResponse()

    async def FindNeighbors(self, request: pb.FindNeighborsRequest, context: Any) -> pb.FindNeighborsResponse:
        name = id_of(COLLECTIONS, request.collection, field="collection")
        require_few(len(request.queries), most=self._max_items, field="queries")
        said = fields_given(request, {"k": int, "metric": str})
        if said.get("k", 0) > MAX_NEIGHBORS:
            raise LimitExceededError(
                f"k is {request.k}; at most {MAX_NEIGHBORS} neighbors are given.", field="k"
            )

        deadline = self._calls.deadline(context)

        def read() -> tuple[Sequence[Query], Header]:
            return _read("queries", request.queries, Query), self._collections.header(name)

        queries, header = await self._quickly(deadline, read)
        made, _ = await self._embedded(queries, header.binding, deadline)

        def work(cancellation: Cancellation) -> pb.FindNeighborsResponse:
            found: Neighbors = self._collections.neighbors(
                name, made, key=header.key, cancellation=cancellation, **said
            )
            return to_message(found, pb.FindNeighborsResponse)

        return await self._calls.behind(self._gate, deadline, work)

    async def ComputePca(self, request: pb.ComputePcaRequest, context: Any) -> pb.ComputePcaResponse:
        name = id_of(COLLECTIONS, request.collection, field="collection")

        def work(cancellation: Cancellation) -> pb.ComputePcaResponse:
            said = fields_given(request, {"components": int})
            found: Pca = self._collections.pca(name, cancellation=cancellation, **said)
            return to_message(found, pb.ComputePcaResponse)

        return await self._calls.behind(self._gate, self._calls.deadline(context), work)

    async def _quickly(self, deadline: Deadline, work: Callable[[], T]) -> T:
        return await self._calls.behind(self._quick, deadline, lambda _: work(), quick=True)

    async def _embedded(
        self, contents: Sequence[Content], binding: Binding, deadline: Deadline
    ) -> tuple[Sequence[Content], Binding]:
        """Make vectors of images on the binding's model, behind that model's own gate."""
        if all(content.image is None for content in contents):
            return contents, binding

        def work(model: Model, cancellation: Cancellation) -> tuple[Sequence[Content], Binding]:
            embed = partial(embed_by, model, Control(cancellation=cancellation))
            return embedded(contents, binding, embed, cancellation=cancellation)

        return await self._calls.on_model(name_of(MODELS, binding.require_model()), deadline, work)


def _read(field: str, messages: Sequence[Any], kind: type[T]) -> tuple[T, ...]:
    found = []
    for index, message in enumerate(messages):
        with within(f"{field}[{index}]", always=True):
            found.append(of_message(message, kind))
    return tuple(found)
