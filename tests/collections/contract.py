"""What every store of collections must do: a class of tests for a store's own test file to inherit.

class TestMyStore(StoreContract):
    def make(self): return MyStore()
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from statistics import median
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from inspector.collections.binding import Binding
from inspector.collections.store import Header, HeaderChangedError, IdsTakenError, ItemBatch, Store, Summary
from inspector.errors import LimitExceededError

CATS = Header(
    name="cats", key="first", dimension=2, binding=Binding(model="m", layer="fc7", pooling="max"), owner="ann"
)
THREADS = 8


def batch(*ids: str, dimension: int = 2, value: float | None = None, **attributes: str) -> ItemBatch:
    """Return items whose vectors are told apart by their first value: `value`, or the order in the batch."""
    vectors = np.zeros((len(ids), dimension), np.float32)
    vectors[:, 0] = np.arange(len(ids)) if value is None else value
    return ItemBatch(ids=ids, vectors=vectors, attributes=tuple(dict(attributes) for _ in ids))


def append(store: Store, given: ItemBatch, header: Header = CATS) -> Summary:
    """Append, and make the collection where it is not there."""
    found = store.info(header.name)
    return store.append(given, header=header, replacing=None if found is None else found.header)


def rows(store: Store, name: str = "cats") -> list[tuple[str, float]]:
    """Return all ids and first values, after a look at how the blocks hang together."""
    found: list[tuple[str, float]] = []
    with closing(store.blocks(name)) as blocks:
        for block in blocks:
            assert block.first == len(found)
            assert len(block.ids) == len(block.vectors) > 0
            assert block.vectors.dtype == np.float32
            found += zip(block.ids, block.vectors[:, 0].tolist(), strict=True)
    return found


class StoreContract:
    """The tests. A store whose size has a bound says so by `make_small`."""

    def make(self) -> Store:
        """Return an empty store."""
        raise NotImplementedError

    def make_small(self) -> Store | None:
        """Return an empty store that has no room for a megabyte, or None where there is no bound."""
        return None

    @pytest.fixture
    def store(self) -> Store:
        return self.make()

    @pytest.fixture
    def small(self) -> Store | None:
        return self.make_small()

    def test_a_name_that_is_not_there_is_no_error(self, store: Store) -> None:
        append(store, batch("a"))
        assert store.info("dogs") is None
        assert store.vectors("dogs", ["a"]) == {}
        assert store.items("dogs", [0]) == {}
        assert rows(store, "dogs") == []
        assert store.delete("dogs") is False

    def test_what_was_appended_comes_back_in_order(self, store: Store) -> None:
        assert append(store, batch("b", "a", file="1.png")) == Summary(header=CATS, item_count=2)
        for number in range(40):
            append(store, batch(f"z{number}", f"c{number}", f"y{number}", value=number))
        assert store.info("cats") == Summary(header=CATS, item_count=122)
        later = [(f"{letter}{number}", number) for number in range(40) for letter in "zcy"]
        assert rows(store) == [("b", 0), ("a", 1), *later]

    def test_names_are_sorted_and_each_has_its_own_items(self, store: Store) -> None:
        for name in ("b", "c", "a"):
            append(store, batch("x", name), replace(CATS, name=name, key=name))
        assert store.names() == ("a", "b", "c")
        assert [one for one, _ in rows(store, "c")] == ["x", "c"]

    def test_vectors_come_by_id_and_items_by_index(self, store: Store) -> None:
        append(store, batch("a", "b"))
        append(store, batch("c", "d", value=7, file="c.png", kind="é"))
        found = store.vectors("cats", ["d", "none", "b"])
        assert {key: vector.tolist() for key, vector in found.items()} == {"d": [7, 0], "b": [1, 0]}
        items = store.items("cats", [2, 0, 4, -1])
        assert {index: item.id for index, item in items.items()} == {2: "c", 0: "a"}
        assert (dict(items[2].attributes), dict(items[0].attributes)) == ({"file": "c.png", "kind": "é"}, {})

    def test_a_header_is_replaced_only_by_who_knows_it(self, store: Store) -> None:
        append(store, batch("a"))
        known = replace(CATS, binding=replace(CATS.binding, sha256="5"))
        assert store.append(batch("b"), header=known, replacing=CATS).header == known
        for wrong in (None, CATS, replace(known, key="second"), replace(known, dimension=3)):
            with pytest.raises(HeaderChangedError):
                store.append(batch("c"), header=CATS, replacing=wrong)
        with pytest.raises(HeaderChangedError):
            store.append(batch("c"), header=replace(CATS, name="dogs"), replacing=replace(CATS, name="dogs"))
        assert store.info("cats") == Summary(header=known, item_count=2)
        assert store.names() == ("cats",)

    def test_a_taken_id_leaves_nothing_of_the_batch(self, store: Store) -> None:
        append(store, batch("a", "b"))
        changed = replace(CATS, binding=replace(CATS.binding, sha256="5"))
        with pytest.raises(IdsTakenError) as caught:
            store.append(batch("c", "b", "d", "a"), header=changed, replacing=CATS)
        assert caught.value.ids == ("b", "a")
        assert rows(store) == [("a", 0), ("b", 1)]
        assert store.info("cats") == Summary(header=CATS, item_count=2)
        assert store.vectors("cats", ["c", "d"]) == {}
        append(store, batch("d", "c"))
        assert [one for one, _ in rows(store)] == ["a", "b", "d", "c"]

    def test_a_full_store_leaves_nothing_of_the_batch(self, small: Store | None) -> None:
        if small is None:
            pytest.skip("this store has no bound")
        large = batch(*map(str, range(1024)), dimension=256)
        header = replace(CATS, dimension=256)
        with pytest.raises(LimitExceededError) as caught:
            append(small, large, header)
        assert caught.value.reason == "STORE_FULL"
        assert (small.names(), small.info("cats")) == ((), None)
        append(small, batch("a", dimension=256), header)
        with pytest.raises(LimitExceededError):
            append(small, large, header)
        assert rows(small) == [("a", 0)]
        small.delete("cats")
        for number in range(100):  # what is deleted counts no longer
            append(small, batch(*map(str, range(32)), dimension=256), replace(header, key=str(number)))
            small.delete("cats")

    def test_what_was_taken_and_given_does_not_change(self, store: Store) -> None:
        mine, attributes = np.array([[1, 2]], np.float32), {"file": "a.png"}
        append(store, ItemBatch(ids=("a",), vectors=mine, attributes=(attributes,)))
        mine[:] = 9
        attributes["file"] = "b.png"
        assert store.items("cats", [0])[0].attributes == {"file": "a.png"}
        (vector,) = store.vectors("cats", ["a"]).values()
        with closing(store.blocks("cats")) as blocks:
            block = next(blocks)
        for given in (vector, block.vectors):
            assert given.reshape(-1).tolist() == [1, 2]
            with pytest.raises(ValueError, match="read-only"):
                given[...] = 9

    def test_blocks_are_bounded(self, store: Store) -> None:
        header = replace(CATS, dimension=256)
        append(store, batch(*map(str, range(5000)), dimension=256), header)
        with closing(store.blocks("cats")) as blocks:
            sizes = [block.vectors.nbytes for block in blocks]
        assert sum(sizes) == 5000 * 1024
        assert max(sizes) <= 2 << 20

    def test_blocks_show_one_moment(self, store: Store) -> None:
        header = replace(CATS, dimension=256)
        append(store, batch(*map(str, range(3000)), dimension=256), header)
        with closing(store.blocks("cats")) as blocks:
            seen = list(next(blocks).ids)
            append(store, batch("later", dimension=256), header)
            seen += [one for block in blocks for one in block.ids]
        assert seen == list(map(str, range(3000)))
        assert len(rows(store)) == 3001

    def test_who_reads_while_it_is_made_anew_never_sees_the_new(self, store: Store) -> None:
        header = replace(CATS, dimension=256)
        append(store, batch(*map(str, range(3000)), dimension=256), header)
        with closing(store.blocks("cats")) as blocks:
            next(blocks)
            store.delete("cats")
            append(
                store, batch(*map(str, range(3000)), dimension=256, value=-1), replace(header, key="second")
            )
            assert all((block.vectors[:, 0] >= 0).all() for block in blocks)
        assert rows(store)[2999] == ("2999", -1)

    def test_deleting_forgets_all_and_frees_the_name(self, store: Store) -> None:
        append(store, batch("a", "b"))
        append(store, batch("a"), replace(CATS, name="dogs", key="third"))
        assert store.delete("cats") is True
        assert (store.info("cats"), store.names(), rows(store)) == (None, ("dogs",), [])
        assert store.vectors("cats", ["a"]) == {}
        assert store.items("cats", [0]) == {}
        anew = replace(CATS, key="second", dimension=3)
        assert append(store, batch("a", dimension=3), anew) == Summary(header=anew, item_count=1)
        assert rows(store, "dogs") == [("a", 0)]

    def test_of_threads_with_the_same_ids_one_wins(self, store: Store) -> None:
        append(store, batch("begin"))
        start = Barrier(THREADS, timeout=30)

        def work(worker: int) -> int:
            won = 0
            start.wait()
            for number in range(20):
                append(store, batch(f"own {worker} {number}"))
                with suppress(IdsTakenError):
                    append(store, batch(f"a {worker} {number}", f"shared {number}"))
                    won += 1
            return won

        assert sum(in_threads(work)) == 20
        found = [one for one, _ in rows(store)]
        assert len(found) == len(set(found)) == 1 + THREADS * 20 + 2 * 20
        assert store.info("cats") == Summary(header=CATS, item_count=len(found))

    def test_of_threads_that_make_one_collection_one_wins(self, store: Store) -> None:
        start = Barrier(THREADS, timeout=30)

        def work(worker: int) -> int:
            won = 0
            for number in range(10):
                header = replace(CATS, name=f"c{number}", key=f"{number} {worker}")
                start.wait()
                with suppress(HeaderChangedError):
                    store.append(batch(header.key), header=header, replacing=None)
                    won += 1
            return won

        assert sum(in_threads(work)) == 10
        for number in range(10):
            summary = store.info(f"c{number}")
            assert summary is not None
            assert [one for one, _ in rows(store, f"c{number}")] == [summary.header.key]

    def test_readers_see_whole_appends(self, store: Store) -> None:
        append(store, batch(*(f"0 {row}" for row in range(7))))

        written: list[int] = []

        def write(worker: int) -> None:
            try:
                for number in range(1, 20):
                    append(store, batch(*(f"{worker} {number} {row}" for row in range(7))))
            finally:
                written.append(worker)

        def read() -> None:
            while len(written) < THREADS // 2:  # so that each append has readers
                found = rows(store)
                assert len(found) % 7 == 0
                assert [value for _, value in found] == [row % 7 for row in range(len(found))]
                summary = store.info("cats")
                assert summary is not None
                assert summary.item_count % 7 == 0

        in_threads(lambda worker: write(worker) if worker % 2 else read())

    def test_an_append_costs_the_same_however_much_is_there(self, store: Store) -> None:
        first = [cost_of_append(store, number) for number in range(40)]
        append(store, batch(*(CountedId(f"many {row}") for row in range(20_000))))
        then = [cost_of_append(store, number) for number in range(40, 80)]
        # Lists and dictionaries grow by leaps, seldom; so the usual one of many is what counts.
        usual = ([median(costs) for costs in zip(*given, strict=True)] for given in (first, then))
        for before, after in zip(*usual, strict=True):
            assert after <= 2 * before + 4096


class CountedId(str):
    """An id that counts how often any of its kind is looked up in a dictionary or compared."""

    __slots__ = ()
    looks = 0

    def __hash__(self) -> int:
        CountedId.looks += 1
        return str.__hash__(self)

    def __eq__(self, other: object) -> bool:
        CountedId.looks += 1
        return str.__eq__(self, other)


def cost_of_append(store: Store, number: int) -> tuple[int, int]:
    """Return how many ids are looked at, and how many bytes are held at most, while 16 items are appended."""
    given = batch(*(CountedId(f"{number} {row}") for row in range(16)))
    CountedId.looks = 0
    tracemalloc.start()
    try:
        append(store, given)
        return CountedId.looks * 64, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def in_threads(work: Callable[..., Any]) -> list[Any]:
    """Return what all workers return."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))


def contract() -> Iterable[str]:
    """Return the names of all tests."""
    return [name for name in vars(StoreContract) if name.startswith("test_")]
