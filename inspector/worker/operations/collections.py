"""inspector.v1.CollectionService: the store, and what is near in it; vectors of images come from a model elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple, TypeVar

from google.protobuf.message import Message

from inspector.collections.binding import Binding
from inspector.collections.domain import Collections
from inspector.collections.embedding import Embedded, embedded, features_request
from inspector.collections.registration import store_named
from inspector.collections.viewer import Viewer
from inspector.errors import InvalidInputError, LimitExceededError, within
from inspector.types.arrays import Array
from inspector.types.collections import Item, Neighbors, Pca, Query
from inspector.types.control import FREE
from inspector.types.requests.features import FeaturesRequest
from inspector.v1 import collection_service_pb2 as pb
from inspector.v1 import inspection_service_pb2
from inspector.wire.bounds import require_bounded
from inspector.wire.calls import rpc_of
from inspector.wire.codec import fields_given, of_message, to_message
from inspector.wire.collections import collection_to_message
from inspector.wire.counts import require_few
from inspector.wire.names import COLLECTIONS, MODELS, id_of, name_of
from inspector.wire.pages import page_by_id
from inspector.wire.parsing import parsed
from inspector.wire.requests import request_to_message
from inspector.wire.results import result_of_response
from inspector.worker.operation import Answer, Ask, Here, Lane, operation

T = TypeVar("T")

MAX_NEIGHBORS = 1000


@operation("open_collections", lane=Lane.LIVES)
def open_collections(here: Here, ask: Ask) -> Answer:
    """Open the store of the kind `store` with room for `bytes`; NotFoundError where there is no such kind."""
    here.collections = Collections(store_named(ask.about["store"])(max_bytes=ask.about["bytes"]))
    return Answer()


@operation("collections")
def collections(here: Here, ask: Ask) -> Answer:
    """Answer a call, `call`, or say what must be made for it first.

    Where a request holds images and no vectors came, the answer is the FeaturesRequest that makes them; about it come
    the `model` that is to answer it, the `sha256` of the file that made the collection's vectors so far, and what was
    `planned`. The same is asked again with all of that, the response to the request before the request (which has
    `size` bytes), and the `sha256` of the model's file.
    """
    kind, answer = _CALLS[ask.about["call"]]
    size = int(ask.about["size"])
    start = len(ask.body) - size
    message = parsed(ask.body[start:], kind)
    require_bounded(message)
    if here.collections is None:
        raise RuntimeError("No collections were opened in this worker.")
    planned = ask.about.get("planned")
    vectors = None
    if planned is not None:
        found = _vectors(ask.body[:start]) if start else None
        vectors = Vectors(found, planned=planned, sha256=str(ask.about["sha256"]))
    seen = here.collections.seen_by(Viewer(**ask.about["viewer"]))
    return answer(Task(seen, message, vectors, ask))


class Vectors:
    """What a model elsewhere made of the images of a call, in their order."""

    def __init__(self, vectors: Array | None, *, planned: Mapping[str, Any], sha256: str) -> None:
        """Hold the vectors (N, D), or None where the model is not the one whose file made the others."""
        self.planned = planned
        self._vectors = vectors
        self._sha256 = sha256
        self._given = 0

    def __call__(self, images: Sequence[object], binding: Binding) -> Embedded:
        """Return the next vectors; ConflictError where the binding is to another model."""
        binding.made_by(self._sha256)
        if self._vectors is None:
            raise InvalidInputError("The images were not made into vectors.", field="model")
        first, self._given = self._given, self._given + len(images)
        return Embedded(vectors=self._vectors[first : self._given], sha256=self._sha256)


def _vectors(body: bytes) -> Array:
    response = inspection_service_pb2.FeaturesResponse.FromString(body)
    found: Any = result_of_response(response, FeaturesRequest(images=[]), rpc_of(FeaturesRequest))
    vectors: Array = found.vectors
    return vectors


class Task(NamedTuple):
    """One call."""

    collections: Collections
    message: Any
    vectors: Vectors | None
    """Those that an earlier try asked for."""
    ask: Ask

    @property
    def name(self) -> str:
        """The id of the collection."""
        field = "name" if hasattr(self.message, "name") else "collection"
        return id_of(COLLECTIONS, getattr(self.message, field), field=field)

    def require_few(self, field: str) -> None:
        """Raise LimitExceededError where a field has too many entries."""
        require_few(len(getattr(self.message, field)), most=int(self.ask.about["most_items"]), field=field)


def _needed(contents: Sequence[Item | Query], binding: Binding, **planned: Any) -> Answer | None:
    """Return what must be made first, or None."""
    images = [content.image for content in contents if content.image is not None]
    if not images:
        return None
    model = binding.require_model()
    request = request_to_message(features_request(images, binding), FREE, model=name_of(MODELS, model))
    about = {"model": model, "sha256": binding.sha256, "planned": planned}
    return Answer(request.SerializeToString(), about)


# --- the calls


def _add(task: Task) -> Answer:
    name, message = task.name, task.message
    model = id_of(MODELS, message.model, field="model") if message.model else ""
    task.require_few("items")
    items = _read("items", message.items, Item)
    if task.vectors is None:
        said = fields_given(message, {"layer": str, "pooling": str})
        binding = task.collections.binding(name, items, model=model, **said)
        if needed := _needed(items, binding, **asdict(binding)):
            return needed
    else:
        planned = Binding(**task.vectors.planned)
        items, binding = embedded(items, planned, task.vectors, cancellation=task.ask.cancellation)
    info = task.collections.append(name, items, binding)
    return _answer(pb.AddItemsResponse(collection=collection_to_message(info)))


def _find(task: Task) -> Answer:
    name, message = task.name, task.message
    task.require_few("queries")
    said = fields_given(message, {"k": int, "metric": str})
    if said.get("k", 0) > MAX_NEIGHBORS:
        raise LimitExceededError(f"k is {message.k}; at most {MAX_NEIGHBORS} neighbors are given.", field="k")
    queries = _read("queries", message.queries, Query)
    header = task.collections.header(name)
    key, token = header.key, task.ask.cancellation
    if task.vectors is None:
        if needed := _needed(queries, header.binding, key=key):
            return needed
    else:
        key = str(task.vectors.planned["key"])
        queries, _ = embedded(queries, header.binding, task.vectors, cancellation=token)
    found: Neighbors = task.collections.neighbors(name, queries, key=key, cancellation=token, **said)
    return _answer(to_message(found, pb.FindNeighborsResponse))


def _pca(task: Task) -> Answer:
    said = fields_given(task.message, {"components": int})
    found: Pca = task.collections.pca(task.name, cancellation=task.ask.cancellation, **said)
    return _answer(to_message(found, pb.ComputePcaResponse))


def _list(task: Task) -> Answer:
    message, known = task.message, task.collections.names()
    names, token = page_by_id(known, size=message.page_size, token=message.page_token, default=50, limit=1000)
    found = map(collection_to_message, task.collections.list(names))
    return _answer(pb.ListCollectionsResponse(collections=found, next_page_token=token))


def _get(task: Task) -> Answer:
    info = task.collections.info(task.name)
    return _answer(pb.GetCollectionResponse(collection=collection_to_message(info)))


def _delete(task: Task) -> Answer:
    task.collections.delete(task.name)
    return _answer(pb.DeleteCollectionResponse())


_CALLS: Mapping[str, tuple[type[Message], Callable[[Task], Answer]]] = {
    "AddItems": (pb.AddItemsRequest, _add),
    "FindNeighbors": (pb.FindNeighborsRequest, _find),
    "ComputePca": (pb.ComputePcaRequest, _pca),
    "ListCollections": (pb.ListCollectionsRequest, _list),
    "GetCollection": (pb.GetCollectionRequest, _get),
    "DeleteCollection": (pb.DeleteCollectionRequest, _delete),
}


def _answer(response: Message) -> Answer:
    return Answer(response.SerializeToString())


def _read(field: str, messages: Sequence[Any], kind: type[T]) -> tuple[T, ...]:
    found = []
    for index, message in enumerate(messages):
        with within(f"{field}[{index}]", always=True):
            found.append(of_message(message, kind))
    return tuple(found)
