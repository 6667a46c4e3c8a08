"""Collections on a server: what they are bound to, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from inspector.client import Client
from inspector.errors import ConflictError, InvalidInputError, LimitExceededError, NotFoundError
from inspector.face.collections import Collection
from inspector.v1 import collection_service_pb2 as pb
from inspector.v1 import collection_service_pb2_grpc
from inspector.v1.tensor_pb2 import Tensor
from inspector.wire.images import image_to_message
from inspector.wire.tensors import tensor_to_message
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_image, toy_photo


@pytest.fixture
def points(client: Client) -> Iterator[Collection]:
    """A collection of four vectors of the caller's own."""
    collection = client.collection("points")
    corners = {"a": [0, 0], "b": [0, 2], "c": [2, 0], "d": [9, 9]}
    collection.add(
        vectors={key: np.array(value, np.float32) for key, value in corners.items()},
        attributes={"a": {"file": "a.png"}},
    )
    yield collection
    collection.delete()


@pytest.fixture
def photos(client: Client) -> Iterator[Collection]:
    """A collection of photographs, bound to a layer of the toy model."""
    collection = client.collection("photos")
    collection.add({"one": toy_photo(1), "two": toy_photo(2)}, model="toy", layer="relu2", pooling="max")
    yield collection
    collection.delete()


def test_neighbors_come_with_what_was_said_of_them(points: Collection) -> None:
    ((first, second, third),) = points.neighbors(
        vectors=[np.asarray([0, 0.5], np.float32)], k=3, metric="euclidean"
    )
    assert [one.id for one in (first, second, third)] == ["a", "b", "c"]
    assert first.attributes == {"file": "a.png"}
    assert second.attributes == {}
    assert (first.distance, second.distance) == (0.5, 1.5)


def test_fewer_neighbors_come_where_there_are_fewer(points: Collection) -> None:
    (found,) = points.neighbors(items=["d"], k=100, metric="euclidean")
    assert len(found) == 4
    assert (found[0].id, found[0].distance, found[0].index) == ("d", 0.0, 3)


def test_images_and_vectors_can_be_mixed_in_one_collection(client: Client, photos: Collection) -> None:
    vector = client.model("toy").features(toy_photo(3), layer="relu2", pooling="max")[0]
    assert photos.add(vectors={"three": vector}).item_count == 3
    (found,) = photos.neighbors(toy_photo(3), k=1)
    assert (found[0].id, found[0].distance) == ("three", 0.0)


def test_a_collection_that_began_with_vectors_takes_images_of_its_model_later(client: Client) -> None:
    collection = client.collection("both")
    vectors = client.model("toy").features([toy_photo(1), toy_photo(2)])
    collection.add(vectors={"one": vectors[0]}, model="toy")
    assert collection.add({"two": toy_photo(2)}).item_count == 2
    ((nearest,),) = collection.neighbors(vectors=[vectors[1]], k=1)
    assert nearest.id == "two"
    collection.delete()


def test_a_collection_is_listed_until_it_is_deleted(
    client: Client, points: Collection, photos: Collection
) -> None:
    assert {one.name: one.item_count for one in client.collections()} == {"points": 4, "photos": 2}
    described = photos.info()
    assert (described.model, described.layer, described.pooling, described.dimension) == (
        "toy",
        "relu2",
        "max",
        8,
    )
    extra = client.collection("extra")
    extra.add(vectors={"x": np.ones(3, np.float32)})
    extra.delete()
    assert {one.name for one in client.collections()} == {"points", "photos"}
    with pytest.raises(NotFoundError):
        extra.info()


def test_many_items_go_in_several_requests(client: Client) -> None:
    collection = client.collection("many")
    info = collection.add(vectors={str(i): np.full(4, i, np.float32) for i in range(150)})
    assert info.item_count == 150
    assert collection.pca(components=1).ids == tuple(map(str, range(150)))
    collection.delete()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"model": "endless"}, "COLLECTION_BOUND"),
        ({"layer": "conv1"}, "COLLECTION_BOUND"),
        ({"pooling": "mean"}, "COLLECTION_BOUND"),
    ],
)
def test_a_collection_stays_bound_to_what_made_it(
    photos: Collection, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConflictError) as caught:
        photos.add({"three": toy_photo(3)}, **options)
    assert caught.value.reason == reason
    assert photos.info().item_count == 2


def test_the_model_under_the_same_name_must_be_the_same(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="toy")
        collection = client.collection("photos")
        collection.add({"one": toy_photo(1)}, model="toy")
        client.delete("toy")
        client.upload(toy_cnn(batch=1), name="toy")
        with pytest.raises(ConflictError) as caught:
            collection.neighbors(toy_photo(1))
        assert caught.value.reason == "MODEL_CHANGED"


def test_a_refused_addition_leaves_no_collection(client: Client) -> None:
    collection = client.collection("never")
    with pytest.raises(InvalidInputError):
        collection.add(vectors={"a": np.ones(3, np.float32), "b": np.ones(4, np.float32)})
    with pytest.raises(NotFoundError):
        collection.info()


def test_the_memory_of_collections_is_bounded(tmp_path: Path) -> None:
    with running_server(tmp_path, collections_bytes=10_000) as server, Client(server.address) as client:
        with pytest.raises(LimitExceededError):
            client.collection("large").add(vectors={"a": np.zeros(10_000, np.float32)})
        assert client.collections() == ()


VECTOR = tensor_to_message(np.ones(2, np.float32))
POINTS = "collections/points"


def add(*items: pb.Item, **given: Any) -> tuple[str, object]:
    return "AddItems", pb.AddItemsRequest(**({"collection": POINTS, "items": items} | given))


def find(*queries: pb.Query, **given: Any) -> tuple[str, object]:
    return "FindNeighbors", pb.FindNeighborsRequest(**({"collection": POINTS, "queries": queries} | given))


def wire(*values: float, dtype: type[np.float32] | type[np.float64] = np.float32) -> Tensor:
    return tensor_to_message(np.array(values, dtype))


BAD = {
    "nothing to add": (add(), "INVALID_ARGUMENT", "MISSING"),
    "too much to add": (add(*[pb.Item(id="x", vector=VECTOR)] * 257), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED"),
    "no id": (add(pb.Item(vector=VECTOR)), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a long id": (add(pb.Item(id="x" * 513, vector=VECTOR)), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "no content": (add(pb.Item(id="x")), "INVALID_ARGUMENT", "MISSING"),
    "a taken id": (add(pb.Item(id="a", vector=VECTOR)), "ALREADY_EXISTS", "ITEM_EXISTS"),
    "the same id twice": (add(*[pb.Item(id="x", vector=VECTOR)] * 2), "INVALID_ARGUMENT", "DUPLICATE_ID"),
    "three dimensions": (
        add(pb.Item(id="x", vector=wire(1, 2, 3))),
        "INVALID_ARGUMENT",
        "DIMENSION_MISMATCH",
    ),
    "NaN": (add(pb.Item(id="x", vector=wire(1, np.nan))), "INVALID_ARGUMENT", "NOT_FINITE"),
    "beyond float32": (
        add(pb.Item(id="x", vector=wire(1, 1e300, dtype=np.float64))),
        "INVALID_ARGUMENT",
        "NOT_FINITE",
    ),
    "an image for vectors": (
        add(pb.Item(id="x", image=image_to_message(toy_image()))),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "long attributes": (
        add(pb.Item(id="x", vector=VECTOR, attributes={"k": "v" * 5000})),
        "RESOURCE_EXHAUSTED",
        "LIMIT_EXCEEDED",
    ),
    "a bad name": (
        add(pb.Item(id="x", vector=VECTOR), collection="points"),
        "INVALID_ARGUMENT",
        "INVALID_NAME",
    ),
    "a model that is none": (
        add(
            pb.Item(id="x", image=image_to_message(toy_image())),
            collection="collections/new",
            model="models/none",
        ),
        "NOT_FOUND",
        "MODEL_NOT_FOUND",
    ),
    "no collection": (
        find(pb.Query(vector=VECTOR), collection="collections/none"),
        "NOT_FOUND",
        "COLLECTION_NOT_FOUND",
    ),
    "no query": (find(), "INVALID_ARGUMENT", "MISSING"),
    "an empty query": (find(pb.Query()), "INVALID_ARGUMENT", "MISSING"),
    "an unknown item": (find(pb.Query(item="none")), "NOT_FOUND", "ITEM_NOT_FOUND"),
    "a query of three": (find(pb.Query(vector=wire(1, 2, 3))), "INVALID_ARGUMENT", "DIMENSION_MISMATCH"),
    "k of -1": (find(pb.Query(vector=VECTOR), k=-1), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "k of a million": (find(pb.Query(vector=VECTOR), k=10**6), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED"),
    "an unknown metric": (find(pb.Query(vector=VECTOR), metric=9), "INVALID_ARGUMENT", "UNKNOWN_ENUM"),
    "three components of two": (
        ("ComputePca", pb.ComputePcaRequest(collection=POINTS, components=3)),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "no such collection": (
        ("GetCollection", pb.GetCollectionRequest(name="collections/x")),
        "NOT_FOUND",
        "COLLECTION_NOT_FOUND",
    ),
    "nothing to delete": (
        ("DeleteCollection", pb.DeleteCollectionRequest(name="collections/x")),
        "NOT_FOUND",
        "COLLECTION_NOT_FOUND",
    ),
    "a foreign page": (
        ("ListCollections", pb.ListCollectionsRequest(page_token="/")),
        "INVALID_ARGUMENT",
        "INVALID_NAME",
    ),
}


@pytest.mark.parametrize(("call", "code", "reason"), BAD.values(), ids=BAD)
def test_a_bad_request_is_refused_and_changes_nothing(
    channel: grpc.Channel, points: Collection, call: tuple[str, Any], code: str, reason: str
) -> None:
    method, request = call
    stub = collection_service_pb2_grpc.CollectionServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        getattr(stub, method)(request, timeout=60)
    info = error_details_pb2.ErrorInfo()
    assert any(packed.Unpack(info) for packed in rpc_status.from_call(caught.value).details)
    assert (caught.value.code().name, info.reason) == (code, reason)
    assert points.info().item_count == 4
