"""The store in memory: the contract, its bound, and that nothing in it is ever moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector.collections.store import Block, Header
from inspector.collections.stores import memory
from inspector.collections.stores.memory import MemoryStore
from inspector.errors import LimitExceededError
from tests.collections.contract import CATS, StoreContract, append, batch, rows


class TestMemoryStore(StoreContract):
    def make(self) -> MemoryStore:
        return MemoryStore()

    def make_small(self) -> MemoryStore:
        return MemoryStore(max_bytes=1 << 20)


class TestMemoryStoreOfTinyBlocks(StoreContract):
    """The same where every append crosses the bounds of blocks."""

    @pytest.fixture(autouse=True)
    def _tiny(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "BLOCK_BYTES", 24)

    def make(self) -> MemoryStore:
        return MemoryStore()


def test_deleting_frees_all_bytes() -> None:
    store = MemoryStore()
    for name in ("b", "a"):
        for number in range(5):
            append(
                store,
                batch(f"x{number}", "é" * number, value=1, kind="é") if number else batch("y"),
                header(name),
            )
        known = replace(header(name), binding=replace(CATS.binding, sha256="5" * 64))
        store.append(batch("z"), header=known, replacing=header(name))
    assert store.used_bytes > 0
    for name in store.names():
        store.delete(name)
    assert store.used_bytes == 0


def test_the_store_is_bounded_and_stays_whole_when_full() -> None:
    store = MemoryStore(max_bytes=12_000)
    big = replace(CATS, dimension=1000)
    append(store, batch("0", dimension=1000), big)
    used = store.used_bytes
    with pytest.raises(LimitExceededError, match="12,000 bytes") as caught:
        append(store, batch("1", "2", dimension=1000), big)
    assert caught.value.reason == "STORE_FULL"
    assert store.used_bytes == used
    assert len(rows(store)) == 1
    append(store, batch("1", dimension=1000), big)


def test_many_small_collections_are_bounded_too() -> None:
    store = MemoryStore(max_bytes=12_000)
    with pytest.raises(LimitExceededError, match="12,000 bytes"):
        for number in range(12):
            append(store, batch("a"), header(str(number)))
    assert 9 <= len(store.names()) < 12


def test_what_the_bound_counts_is_what_the_blocks_take() -> None:
    store = MemoryStore()
    wide = replace(CATS, dimension=1000)
    for number in range(700):
        append(store, batch(str(number), dimension=1000), wide)
        entries = sum(512 + len(str(one)) for one in range(number + 1))
        held = store.used_bytes - entries
        # At most a block more than the vectors, and on a small collection at most as much again.
        assert 4000 * (number + 1) <= held <= 4000 * (number + 1) + min(4000 * (number + 1), 1 << 20) + 1000


def test_blocks_are_filled_and_never_moved() -> None:
    store = MemoryStore()
    wide = replace(CATS, dimension=1000)
    before: list[Block] = []
    for number in range(30):
        append(store, batch(*(f"{number} {row}" for row in range(50)), dimension=1000), wide)
        blocks = list(store.blocks("cats"))
        for old, new in zip(before, blocks, strict=False):
            assert np.shares_memory(old.vectors, new.vectors)
        before = blocks
    assert [len(block.ids) for block in before] == [50, 50, 100, 200, 262, 262, 262, 262, 52]


def header(name: str) -> Header:
    return replace(CATS, name=name, key=name)
