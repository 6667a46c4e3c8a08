"""Collections over a store: what they refuse, what they are bound to, what they answer when others are faster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import numpy as np
import pytest

from inspector.collections.binding import Binding
from inspector.collections.domain import Collections
from inspector.collections.embedding import IMAGES_AT_ONCE, Embedded
from inspector.collections.neighbors import neighbors
from inspector.collections.pca import fit_pca
from inspector.collections.stores import memory
from inspector.collections.stores.memory import MemoryStore
from inspector.errors import (
    ConflictError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
)
from inspector.types.collections import POOLINGS, Item, Query
from inspector.types.requests import features


def item(name: str, *values: float, **attributes: str) -> Item:
    return Item(id=name, vector=np.array(values, dtype=np.float32), attributes=attributes)


class Camera:
    """Embeds the number n as (n, 1), and keeps account."""

    def __init__(self, *, sha256: str = "1") -> None:
        self.sha256 = sha256
        self.calls: list[int] = []

    def __call__(self, images: Sequence[object], binding: Binding, /) -> Embedded:
        self.calls.append(len(images))
        return Embedded(vectors=np.array([[image, 1] for image in images], np.float32), sha256=self.sha256)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def camera() -> Camera:
    return Camera()


@pytest.fixture
def domain(store: MemoryStore, camera: Camera) -> Collections:
    return Collections(store, embed=camera)


NUMBERS: Any = {"n": 3}
BAD_ITEMS = {
    "another dimension": (
        [item("a", 1, 2), item("b", 1, 2, 3)],
        r"'b' has shape \(3,\).*\(2,\)",
        "items[1].vector",
    ),
    "NaN": ([item("a", 1, 2), item("b", 1, np.nan)], "'b' has 1 of 2 values that are NaN", "items[1].vector"),
    "infinity": ([item("a", 1, -np.inf)], "infinite", "items[0].vector"),
    "beyond float32": ([Item(id="a", vector=np.array([1, 1e300]))], "beyond float32", "items[0].vector"),
    "words": ([Item(id="a", vector=np.array(["x", "y"]))], "give real numbers", "items[0].vector"),
    "a matrix": ([Item(id="a", vector=np.eye(2))], r"shape \(2, 2\)", "items[0].vector"),
    "the same id twice": ([item("a", 1, 2), item("a", 3, 4)], "'a' is given twice", "items[1].id"),
    "no id": ([item("", 1, 2)], "must not be empty", "items[0].id"),
    "a long id": ([item("x" * 513, 1, 2)], "513 characters", "items[0].id"),
    "no content": ([item("a", 1, 2), Item(id="b")], "set image or vector", "items[1]"),
    "two contents": ([Item(id="b", image=3, vector=np.ones(2))], "has image and vector", "items[0]"),
    "a number said": ([Item(id="a", image=1, attributes=NUMBERS)], "must be strings", "items[0].attributes"),
    "an image without a model": ([Item(id="a", image=1)], "bound to no model", "model"),
    "nothing": ([], "at least one", "items"),
}


@pytest.mark.parametrize(("items", "words", "field"), BAD_ITEMS.values(), ids=BAD_ITEMS)
@pytest.mark.parametrize("exists", [False, True])
def test_bad_items_are_refused_and_none_is_added(
    domain: Collections, store: MemoryStore, exists: bool, items: list[Item], words: str, field: str
) -> None:
    if exists:
        domain.add("cats", [item("z", 1, 2)])
    before = store.used_bytes
    with pytest.raises(InvalidInputError, match=words) as caught:
        domain.add("cats", items)
    assert caught.value.field == field
    assert (store.used_bytes, store.names()) == (before, ("cats",) * exists)


def test_too_many_attributes_are_refused(domain: Collections, store: MemoryStore) -> None:
    for attributes in ({"k": "v" * 4097}, {str(n): "" for n in range(65)}):
        with pytest.raises(LimitExceededError):
            domain.add("cats", [item("a", 1, 2, **attributes)])
    assert store.names() == ()


@pytest.mark.parametrize("name", ["", "Cats", "a/b", "x" * 64, "..", "é"])
def test_names_are_checked_by_every_verb(domain: Collections, name: str) -> None:
    verbs = (
        lambda: domain.add(name, [item("a", 1)]),
        lambda: domain.append(name, [item("a", 1)], Binding()),
        lambda: domain.neighbors(name, [Query(item="a")]),
        lambda: domain.pca(name),
        lambda: domain.info(name),
        lambda: domain.header(name),
        lambda: domain.delete(name),
    )
    for verb in verbs:
        with pytest.raises(InvalidInputError) as caught:
            verb()
        assert (caught.value.reason, caught.value.field) == ("INVALID_NAME", "collection")


def test_unknown_names_are_not_found_with_the_nearest(domain: Collections) -> None:
    domain.add("cats", [item("a", 1, 2)])
    verbs = (domain.info, domain.delete, domain.pca, domain.header, lambda name: domain.neighbors(name, []))
    for verb in verbs:
        with pytest.raises(NotFoundError, match="Did you mean 'cats'") as caught:
            verb("cat")
        assert caught.value.reason == "COLLECTION_NOT_FOUND"


def test_an_id_is_never_overwritten(domain: Collections) -> None:
    domain.add("cats", [item("a", 1, 2)])
    with pytest.raises(ConflictError, match="the first is 'a'") as caught:
        domain.add("cats", [item("b", 3, 4), item("a", 5, 6)])
    assert caught.value.reason == "ITEM_EXISTS"
    assert domain.info("cats").item_count == 1


def test_what_is_known_of_collections(domain: Collections) -> None:
    info = domain.add("photos", [Item(id="a", image=1)], model="m", layer="fc7", pooling="max")
    assert (info.name, info.dimension, info.item_count) == ("photos", 2, 1)
    assert (info.model, info.layer, info.pooling) == ("m", "fc7", "max")
    domain.add("cats", [item("a", 1, 2, 3)])
    assert [one.name for one in domain.list()] == ["cats", "photos"]
    assert domain.list(["photos", "gone"]) == (info,)
    domain.delete("photos")
    assert domain.names() == ("cats",)
    assert domain.info("cats").pooling == "mean"


@pytest.mark.parametrize(
    ("asked", "words"), [({"k": 0}, "k is 0"), ({"metric": "manhattan"}, "one of cosine, euclidean")]
)
def test_a_bad_search_is_refused_before_the_model_runs(
    domain: Collections, camera: Camera, asked: dict[str, Any], words: str
) -> None:
    domain.add("cats", [item("a", 1, 2)], model="m")
    with pytest.raises(InvalidInputError, match=words):
        domain.neighbors("cats", [Query(image=1)], **asked)
    assert camera.calls == []


BAD_QUERIES = {
    "none": ([], "MISSING", "queries"),
    "empty": ([Query(item="a"), Query()], "MISSING", "queries[1]"),
    "two things": ([Query(item="a", image=1)], "INVALID_INPUT", "queries[0]"),
    "another dimension": ([Query(vector=np.ones(3))], "DIMENSION_MISMATCH", "queries[0].vector"),
    "not finite": ([Query(vector=np.array([1, np.inf]))], "NOT_FINITE", "queries[0].vector"),
    "no such item": ([Query(item="a"), Query(item="b")], "ITEM_NOT_FOUND", "queries[1].item"),
}


@pytest.mark.parametrize(("queries", "reason", "field"), BAD_QUERIES.values(), ids=BAD_QUERIES)
def test_bad_queries_are_refused(domain: Collections, queries: list[Query], reason: str, field: str) -> None:
    domain.add("cats", [item("a", 1, 2)])
    with pytest.raises((InvalidInputError, NotFoundError)) as caught:
        domain.neighbors("cats", queries)
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize("components", [0, 3])
def test_components_beyond_the_data_are_refused(domain: Collections, components: int) -> None:
    domain.add("cats", [item("a", 1, 2), item("b", 2, 1), item("c", 2, 2)])
    with pytest.raises(InvalidInputError, match="allow 1 to 2"):
        domain.pca("cats", components=components)


def test_over_many_blocks_as_over_one_matrix(domain: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "BLOCK_BYTES", 40 * 12 * 4)
    rng = np.random.default_rng(0)
    vectors = rng.integers(-2, 3, (2500, 12)).astype(np.float32)  # many ties
    for start in range(0, 2500, 100):
        domain.add("all", [item(str(n), *vectors[n], n=str(n)) for n in range(start, start + 100)])
    for metric in ("cosine", "euclidean"):
        here = neighbors(vectors, vectors[:4], k=30, metric=metric)
        queries = [Query(vector=vectors[0]), *(Query(item=str(n)) for n in (1, 2, 3))]
        there = domain.neighbors("all", queries, k=30, metric=metric)
        assert len(there) == 4
        assert [[one.index for one in found] for found in there] == here.indices.tolist()
        assert [[one.distance for one in found] for found in there] == here.distances.tolist()
        assert there[3][5].attributes == {"n": there[3][5].id} == {"n": str(there[3][5].index)}
    axes, pca = fit_pca(vectors, components=3), domain.pca("all", components=3)
    for name in ("mean", "components", "explained_variance_ratio"):
        assert np.array_equal(getattr(axes, name), getattr(pca, name))
    np.testing.assert_allclose(pca.points, axes.project(vectors), atol=1e-6)
    assert pca.ids == tuple(map(str, range(2500)))


def test_images_are_embedded_a_bounded_number_at_a_time(domain: Collections, camera: Camera) -> None:
    domain.add("all", [Item(id=str(n), image=n) for n in range(150)], model="m")
    assert camera.calls == [IMAGES_AT_ONCE, IMAGES_AT_ONCE, 150 - 2 * IMAGES_AT_ONCE]
    found = domain.neighbors("all", [Query(item="149"), Query(image=70)], k=1, metric="euclidean")
    assert [(one.id, one.distance) for (one,) in found] == [("149", 0), ("70", 0)]


def test_images_and_vectors_keep_their_order(domain: Collections) -> None:
    domain.add("all", [Item(id="a", image=7), item("b", 8, 1), Item(id="c", image=9)], model="m")
    found = domain.neighbors("all", [Query(vector=np.array([0, 1]))], metric="euclidean")
    assert [(one.id, one.index, one.distance) for one in found[0]] == [("a", 0, 7), ("b", 1, 8), ("c", 2, 9)]


def test_the_digest_is_kept_once_the_model_has_made_a_vector(domain: Collections, camera: Camera) -> None:
    domain.add("all", [item("a", 7, 1)], model="m")
    assert domain.header("all").binding.sha256 == ""
    domain.add("all", [Item(id="b", image=8)])
    assert domain.header("all").binding.sha256 == "1"
    camera.sha256 = "2"
    for act in (
        lambda: domain.add("all", [Item(id="c", image=9)]),
        lambda: domain.neighbors("all", [Query(image=9)]),
    ):
        with pytest.raises(ConflictError) as caught:
            act()
        assert caught.value.reason == "MODEL_CHANGED"
    assert domain.info("all").item_count == 2


def test_an_image_that_is_several_is_refused(store: MemoryStore) -> None:
    def embed(images: Sequence[object], binding: Binding, /) -> Embedded:
        return Embedded(vectors=np.ones((len(images) + 1, 2)), sha256="1")

    with pytest.raises(InvalidInputError, match="2 entries hold 3 images"):
        Collections(store, embed=embed).add("a", [Item(id=n, image=n) for n in "xy"], model="m")
    assert store.names() == ()


def test_without_models_an_image_is_refused_by_name(store: MemoryStore) -> None:
    with pytest.raises(InvalidInputError, match="no model 'm' here"):
        Collections(store).add("a", [Item(id="x", image=1)], model="m")


@pytest.mark.parametrize("asked", [{"model": "other"}, {"layer": "fc6"}, {"pooling": "mean"}])
def test_a_collection_stays_bound(domain: Collections, asked: dict[str, Any]) -> None:
    domain.add("all", [item("a", 1, 2)], model="m", layer="fc7", pooling="max")
    with pytest.raises(ConflictError, match="bound to m, layer fc7, pooling max") as caught:
        domain.add("all", [item("b", 1, 2)], **asked)
    assert caught.value.reason == "COLLECTION_BOUND"
    assert domain.add("all", [item("b", 1, 2)], model="m", pooling="max").item_count == 2


def test_poolings_are_those_of_features(domain: Collections) -> None:
    assert get_args(features.Pooling) == POOLINGS
    with pytest.raises(InvalidInputError, match="allowed: mean, max, none"):
        domain.add("all", [item("a", 1, 2)], pooling="median")


def test_threads_make_one_collection_and_share_no_id(domain: Collections) -> None:
    def add(worker: int) -> int:
        conflicts = 0
        for number in range(50):
            domain.add("all", [item(f"{worker}-{number}", worker)])
            try:
                domain.add("all", [item(f"shared-{number}", number)])
            except ConflictError:
                conflicts += 1
        return conflicts

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, range(8))) == 7 * 50
    assert domain.info("all").item_count == 8 * 50 + 50


def test_scikit_learn_is_imported_when_it_is_needed() -> None:
    program = """
import sys
import inspector.face.collection, inspector.collections.domain, inspector.collections.stores.memory
import inspector.client, inspector.cli.main, inspector.service.collection_servicer
assert "sklearn" not in sys.modules, "too early"
import numpy as np
c = inspector.collection("c")
c.add(vectors={"a": np.ones(2), "b": np.zeros(2)})
assert "sklearn" not in sys.modules, "too early"
c.neighbors(items=["a"])
assert "sklearn" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_what_is_shared_with_the_client_needs_no_engine() -> None:
    program = """
import sys
import inspector.collections.domain, inspector.collections.stores.memory, inspector.types.collections
assert not {"sklearn", "scipy", "onnx", "onnxruntime", "grpc"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
