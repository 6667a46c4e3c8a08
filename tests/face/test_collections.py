"""Collections in this process: the client's verbs, parameters and answers, on loaded models."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.client import Client
from inspector.client.collections import WireCollections
from inspector.collections.store import Block
from inspector.collections.stores.memory import MemoryStore
from inspector.errors import (
    CancelledError,
    ConflictError,
    DeadlineExceededError,
    InvalidInputError,
    NotFoundError,
)
from inspector.face.collection import LocalCollections
from inspector.face.collection import collection as collection_of
from inspector.face.collections import Collection
from inspector.types.control import Cancellation
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_photo

PHOTOS = {f"photo {seed}": toy_photo(seed) for seed in range(12)}


@pytest.fixture(scope="module")
def model() -> Iterator[inspector.Model]:
    with inspector.load(toy_cnn(), device="cpu", name="toy") as model:
        yield model


@pytest.fixture
def collection(model: inspector.Model) -> Collection:
    return collection_of("photos", models=model, store=MemoryStore())


def verbs(kind: type) -> dict[str, list[tuple[str, object, object]]]:
    return {
        name: [(one.name, one.default, one.kind) for one in inspect.signature(verb).parameters.values()]
        for name, verb in vars(kind).items()
        if not name.startswith("_")
    }


def test_both_backends_have_the_same_verbs() -> None:
    ours, theirs = verbs(LocalCollections), verbs(WireCollections)
    for name in ("add", "neighbors", "pca", "info", "delete"):
        assert ours[name] == theirs[name]


def test_here_as_over_the_wire(tmp_path: Path, collection: Collection) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="toy")
        remote = client.collection("photos")
        vectors = {"vector": np.arange(8, dtype=np.float64)}
        photo, by = {"photo 3": {"file": "3.png"}}, {"vector": {"by": "me"}}
        infos, answers, components = [], [], []
        for one in (collection, remote):
            infos.append(one.add(PHOTOS, attributes=photo, model="toy", layer="conv2", pooling="max"))
            infos.append(one.add(vectors=vectors, attributes=by))
            answers += [
                one.neighbors(list(PHOTOS.values())[2:4], k=5, metric="euclidean"),
                one.neighbors(PHOTOS["photo 3"]),
                one.neighbors(vectors=list(vectors.values()), k=100),
                one.neighbors(items=["photo 1", "vector"]),
            ]
            components.append(one.pca(components=3))
            infos.append(one.info())
            one.delete()
            with pytest.raises(NotFoundError):
                one.info()
        assert infos[:3] == infos[3:]
        assert answers[:4] == answers[4:]
        here, there = components
        for field in fields(here):
            assert np.array_equal(getattr(here, field.name), getattr(there, field.name))


def test_a_model_is_given_with_the_first_images_and_remembered(model: inspector.Model) -> None:
    collection = collection_of("photos", store=MemoryStore())
    assert collection.add({"one": toy_photo(1)}, model=model).model == "toy"
    assert collection.add({"two": toy_photo(2)}).item_count == 2
    ((nearest,),) = collection.neighbors(toy_photo(2), k=1)
    assert nearest.id == "two"


def test_a_collection_is_found_again_by_its_name(model: inspector.Model) -> None:
    store = MemoryStore()
    collection_of("photos", models=[model], store=store).add({"one": toy_photo(1)}, model="toy")
    again = collection_of("photos", store=store)
    assert again.info().item_count == 1
    assert [one.id for one in again.neighbors(items=["one"])[0]] == ["one"]
    with pytest.raises(InvalidInputError, match="no model 'toy' here"):
        again.neighbors(toy_photo(1))


def test_another_model_of_the_same_name_is_refused(model: inspector.Model, collection: Collection) -> None:
    collection.add({"one": toy_photo(1)}, model=model)
    with (
        inspector.load(toy_cnn(batch=1), device="cpu", name="toy") as other,
        pytest.raises(ConflictError) as caught,
    ):
        collection.add({"two": toy_photo(2)}, model=other)
    assert caught.value.reason == "MODEL_CHANGED"
    assert collection.add({"two": toy_photo(2)}).item_count == 2


def test_attributes_of_what_is_not_added_are_refused(collection: Collection) -> None:
    with pytest.raises(InvalidInputError, match="'tpyo', which is not among .*'typo'") as caught:
        collection.add(vectors={"typo": np.ones(8)}, attributes={"tpyo": {"a": "b"}})
    assert caught.value.field == "attributes[tpyo]"


def test_what_no_collection_can_do_is_refused_here_as_there(tmp_path: Path, collection: Collection) -> None:
    number: Any = 1.5
    with running_server(tmp_path) as server, Client(server.address) as client:
        for one in (collection, client.collection("photos")):
            with pytest.raises(InvalidInputError, match="no model is given") as caught:
                one.add(vectors={"x": np.ones(2)}, layer="relu3")
            assert caught.value.field == "layer"
            one.add(vectors={"x": np.ones(2), "y": np.zeros(2)})
            with pytest.raises(InvalidInputError, match=r"k is 1\.5") as caught:
                one.neighbors(items=["x"], k=number)
            assert caught.value.field == "k"
            with pytest.raises(InvalidInputError, match=r"components is 1\.5") as caught:
                one.pca(components=number)
            assert caught.value.field == "components"


def test_what_cannot_be_asked(collection: Collection) -> None:
    with pytest.raises(InvalidInputError, match="nothing to add"):
        collection.add()
    with pytest.raises(InvalidInputError, match="either images, or vectors, or items"):
        collection.neighbors(toy_photo(1), items=["one"])
    with pytest.raises(InvalidInputError, match="'x' is given twice"):
        collection.add({"x": toy_photo(1)}, vectors={"x": np.ones(8)}, model="toy")


class Slow(MemoryStore):
    """Takes ten seconds for its blocks."""

    def blocks(self, name: str) -> Generator[Block, None, None]:
        for block in super().blocks(name):
            for _ in range(200):
                time.sleep(0.05)
                yield Block(first=0, ids=(), vectors=block.vectors[:0])
            yield block


def test_a_search_ends_in_time(model: inspector.Model) -> None:
    slow = collection_of("photos", models=model, store=Slow())
    slow.add(PHOTOS, model="toy")
    began = time.monotonic()
    for ask in (slow.pca, partial(slow.neighbors, items=["photo 1"])):
        with pytest.raises(DeadlineExceededError, match=r"0\.2 s"):
            ask(timeout=0.2)
    with pytest.raises(DeadlineExceededError):
        slow.add({"more": toy_photo(50)}, timeout=0)
    assert time.monotonic() - began < 5
    assert slow.info().item_count == len(PHOTOS)


def test_a_cancelled_token_ends_what_is_asked_here_and_there(tmp_path: Path, collection: Collection) -> None:
    token = Cancellation()
    token.cancel()
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="toy", timeout=60)
        for one in (collection, client.collection("photos")):
            one.add(PHOTOS, model="toy", timeout=60, cancellation=Cancellation())
            asks: list[Callable[..., object]] = [
                one.pca,
                partial(one.neighbors, items=["photo 1"]),
                partial(one.neighbors, toy_photo(3)),
                partial(one.add, {"more": toy_photo(50)}),
                client.model("toy").layers,
                client.model("toy").rectifiers,
            ]
            for ask in asks:
                with pytest.raises(CancelledError):
                    ask(cancellation=token)
                ask(cancellation=Cancellation(), timeout=60)


def test_facts_of_a_loaded_model_take_a_token_and_a_time(model: inspector.Model) -> None:
    token = Cancellation()
    token.cancel()
    for fact in (model.layers, model.rectifiers):
        with pytest.raises(CancelledError):
            fact(cancellation=token)
        with pytest.raises(DeadlineExceededError):
            fact(timeout=0)
        fact(timeout=60)
