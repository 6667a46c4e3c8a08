"""The store in memory: snapshots, bounds, errors, threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from inspector.collections.collection import CollectionStore, Item
from inspector.collections.stores.memory import MemoryStore
from inspector.errors import ConflictError, InvalidInputError, LimitExceededError, NotFoundError


def item(name: str, *values: float, **attributes: str) -> Item:
    return Item(id=name, vector=np.array(values, dtype=np.float32), attributes=attributes)


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.create("cats", dimension=2, origin={"layer": "fc7"})
    return store


def test_what_was_added_comes_back_in_order(store: CollectionStore) -> None:
    store.add("cats", [item("a", 1, 2, file="a.png")])
    store.add("cats", [item("b", 3, 4), item("c", 5, 6)])
    collection = store.get("cats")
    assert [entry.id for entry in collection.items] == ["a", "b", "c"]
    assert collection.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert collection.items[0].attributes == {"file": "a.png"}
    assert collection.origin == {"layer": "fc7"}
    assert collection.dimension == 2


def test_an_empty_collection_has_an_empty_matrix(store: MemoryStore) -> None:
    assert store.get("cats").vectors.shape == (0, 2)


def test_a_snapshot_does_not_change(store: MemoryStore) -> None:
    mine = np.array([1, 2], dtype=np.float32)
    before = store.add("cats", [Item(id="a", vector=mine, attributes={})])
    store.add("cats", [item("b", 3, 4)])
    mine[:] = 9
    assert before.vectors.tolist() == [[1, 2]]
    with pytest.raises(ValueError, match="read-only"):
        before.items[0].vector[0] = 9
    with pytest.raises(ValueError, match="read-only"):
        before.vectors[0, 0] = 9


def test_names_are_sorted_and_deleting_frees_all_bytes() -> None:
    store = MemoryStore()
    for name in ("b", "a"):
        store.create(name, dimension=3, origin={"model": "m"})
        store.add(name, [item("x", 1, 2, 3, kind="é")])
    assert store.names() == ("a", "b")
    store.delete("a")
    store.delete("b")
    assert store.names() == ()
    assert store.used_bytes == 0


def test_unknown_names_are_not_found_with_the_nearest(store: MemoryStore) -> None:
    for act in (store.get, store.delete, lambda name: store.add(name, [])):
        with pytest.raises(NotFoundError, match="Did you mean 'cats'") as caught:
            act("cat")
        assert caught.value.reason == "COLLECTION_NOT_FOUND"


def test_a_taken_name_conflicts(store: MemoryStore) -> None:
    with pytest.raises(ConflictError, match="'cats' already"):
        store.create("cats", dimension=2, origin={})


def test_an_id_is_never_overwritten(store: MemoryStore) -> None:
    store.add("cats", [item("a", 1, 2)])
    with pytest.raises(ConflictError, match="the first is 'a'") as caught:
        store.add("cats", [item("b", 3, 4), item("a", 5, 6)])
    assert caught.value.reason == "ITEM_EXISTS"
    assert [entry.id for entry in store.get("cats").items] == ["a"]


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([item("a", 1, 2), item("b", 1, 2, 3)], r"'b' has shape \(3,\).*\(2,\)"),
        ([item("a", 1, 2), item("b", 1, np.nan)], "'b' has 1 of 2 values that are NaN"),
        ([item("a", 1, -np.inf)], "infinite"),
        ([item("a", 1, 2), item("a", 3, 4)], "'a' is given twice"),
        ([item("", 1, 2)], "must not be empty"),
    ],
)
def test_bad_items_are_refused_and_none_is_added(store: MemoryStore, items: list[Item], words: str) -> None:
    before = store.used_bytes
    with pytest.raises(InvalidInputError, match=words):
        store.add("cats", items)
    assert store.get("cats").items == ()
    assert store.used_bytes == before


@pytest.mark.parametrize(("name", "dimension"), [("", 3), ("dogs", 0)])
def test_bad_collections_are_refused(store: MemoryStore, name: str, dimension: int) -> None:
    with pytest.raises(InvalidInputError):
        store.create(name, dimension=dimension, origin={})


def test_the_store_is_bounded_and_stays_whole_when_full() -> None:
    store = MemoryStore(max_bytes=20_000)
    store.create("big", dimension=1000, origin={})
    big = np.ones(1000, dtype=np.float32)
    store.add("big", [Item(id="0", vector=big, attributes={})])
    used = store.used_bytes
    with pytest.raises(LimitExceededError, match="20,000 bytes") as caught:
        store.add("big", [Item(id=str(n), vector=big, attributes={}) for n in (1, 2)])
    assert caught.value.reason == "STORE_FULL"
    assert store.used_bytes == used
    assert len(store.get("big").items) == 1
    store.add("big", [Item(id="1", vector=big, attributes={})])


def test_many_empty_collections_are_bounded_too() -> None:
    store = MemoryStore(max_bytes=3_000)
    for number in range(3_000 // 513):
        store.create(str(number), dimension=1, origin={})
    with pytest.raises(LimitExceededError, match="3,000 bytes"):
        store.create("one more", dimension=1, origin={})


def test_threads_lose_no_item_and_share_no_id() -> None:
    store = MemoryStore()
    store.create("all", dimension=1, origin={})

    def add(worker: int) -> int:
        conflicts = 0
        for number in range(50):
            store.add("all", [item(f"{worker}-{number}", worker)])
            try:
                store.add("all", [item(f"shared-{number}", number)])
            except ConflictError:
                conflicts += 1
        return conflicts

    with ThreadPoolExecutor(8) as pool:
        conflicts = sum(pool.map(add, range(8)))
    ids = [entry.id for entry in store.get("all").items]
    assert len(ids) == len(set(ids)) == 8 * 50 + 50
    assert conflicts == 7 * 50
    store.delete("all")
    assert store.used_bytes == 0
