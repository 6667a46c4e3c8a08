"""The contract of stores is itself tested: each of its tests must fail on a store with a fault of its kind."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inspector.collections.store import (
    Block,
    Header,
    HeaderChangedError,
    IdsTakenError,
    ItemBatch,
    StoredItem,
    Summary,
)
from inspector.collections.stores.memory import MemoryStore
from tests.collections.contract import StoreContract, contract


class Raises(MemoryStore):
    def info(self, name: str) -> Any:
        return super().info(name) if name in self.names() else self._collections[name]


class Backwards(MemoryStore):
    def blocks(self, name: str) -> Generator[Block, None, None]:
        for block in super().blocks(name):
            yield Block(first=block.first, ids=block.ids[::-1], vectors=block.vectors)


class Unsorted(MemoryStore):
    def names(self) -> tuple[str, ...]:
        return super().names()[::-1]


class FromBehind(MemoryStore):
    def items(self, name: str, indices: Sequence[int]) -> Mapping[int, StoredItem]:
        found = super().items(name, indices)
        return dict(found) | {
            index: StoredItem(id="?", attributes={}) for index in indices if index < 0 and found
        }


class AnyHeader(MemoryStore):
    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        found = self.info(header.name)
        return super().append(batch, header=header, replacing=found.header if found else None)


class Half(MemoryStore):
    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        try:
            return super().append(batch, header=header, replacing=replacing)
        except IdsTakenError as error:
            if batch.ids[0] not in error.ids:
                first = replace(
                    batch, ids=batch.ids[:1], vectors=batch.vectors[:1], attributes=batch.attributes[:1]
                )
                super().append(first, header=header, replacing=replacing)
            raise


class Leaks(MemoryStore):
    """Counts what did not fit, and what was deleted."""

    def _refuse_if_full(self, wanted: int) -> None:
        self._used_bytes += wanted
        super()._refuse_if_full(0)
        self._used_bytes -= wanted


class Forever(MemoryStore):
    def delete(self, name: str) -> bool:
        used = self._used_bytes
        found = super().delete(name)
        self._used_bytes = used
        return found


class Remembers(MemoryStore):
    """Deletes the name, but gives the items back to who makes it anew."""

    def __init__(self) -> None:
        super().__init__()
        self._old: dict[str, Any] = {}

    def delete(self, name: str) -> bool:
        self._old[name] = self._collections.get(name)
        return super().delete(name)

    def vectors(self, name: str, ids: Sequence[str]) -> Mapping[str, np.ndarray]:
        return super().vectors(name, ids) or (self._old[name].rows(ids) if self._old.get(name) else {})


class Shares(MemoryStore):
    """Gives the caller's own arrays out, and takes changes to them."""

    def vectors(self, name: str, ids: Sequence[str]) -> Mapping[str, np.ndarray]:
        return {key: np.array(vector) for key, vector in super().vectors(name, ids).items()}


class Whole(MemoryStore):
    def blocks(self, name: str) -> Generator[Block, None, None]:
        found = list(super().blocks(name))
        if found:
            ids = tuple(one for block in found for one in block.ids)
            yield Block(first=0, ids=ids, vectors=np.concatenate([block.vectors for block in found]))


class Later(MemoryStore):
    """Looks at the collection anew at every step."""

    def blocks(self, name: str) -> Generator[Block, None, None]:
        first = 0
        while (summary := self.info(name)) is not None and first < summary.item_count:
            block = self._collections[name].block(first, stop=summary.item_count)
            yield block
            first += len(block.ids)


class Slow(MemoryStore):
    """Looks first, and writes later: both know what the other did not."""

    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        found = self.info(header.name)
        if (found and found.header) != replacing:
            raise HeaderChangedError
        if found and (taken := list(self.vectors(header.name, batch.ids))):
            raise IdsTakenError(taken)
        time.sleep(0.001)
        if (now := self.info(header.name)) is not None:
            self._collections[header.name]._index.clear()
        return super().append(batch, header=header, replacing=now.header if now else None)


class OneByOne(MemoryStore):
    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        self.info(header.name)
        for row in range(len(batch.ids)):
            piece = slice(row, row + 1)
            one = replace(
                batch, ids=batch.ids[piece], vectors=batch.vectors[piece], attributes=batch.attributes[piece]
            )
            summary = super().append(one, header=header, replacing=replacing)
            replacing = header
            time.sleep(0.0001)
        return summary


class CopiesIds(MemoryStore):
    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        if header.name in self._collections:
            self._collections[header.name].ids = list(self._collections[header.name].ids)
        return super().append(batch, header=header, replacing=replacing)


class LooksAtAll(MemoryStore):
    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        if header.name in self._collections:
            found = self._collections[header.name].ids
            assert sum(map(hash, found)) != 0.5
        return super().append(batch, header=header, replacing=replacing)


FAULTS = {
    Raises: "a_name_that_is_not_there_is_no_error",
    Backwards: "what_was_appended_comes_back_in_order",
    Unsorted: "names_are_sorted_and_each_has_its_own_items",
    FromBehind: "vectors_come_by_id_and_items_by_index",
    AnyHeader: "a_header_is_replaced_only_by_who_knows_it",
    Half: "a_taken_id_leaves_nothing_of_the_batch",
    Leaks: "a_full_store_leaves_nothing_of_the_batch",
    Forever: "a_full_store_leaves_nothing_of_the_batch",
    Remembers: "deleting_forgets_all_and_frees_the_name",
    Shares: "what_was_taken_and_given_does_not_change",
    Whole: "blocks_are_bounded",
    Later: "blocks_show_one_moment",
    type("LaterToo", (Later,), {}): "who_reads_while_it_is_made_anew_never_sees_the_new",
    Slow: "of_threads_with_the_same_ids_one_wins",
    type("SlowToo", (Slow,), {}): "of_threads_that_make_one_collection_one_wins",
    OneByOne: "readers_see_whole_appends",
    CopiesIds: "an_append_costs_the_same_however_much_is_there",
    LooksAtAll: "an_append_costs_the_same_however_much_is_there",
}


@pytest.mark.parametrize(
    ("faulty", "name"), FAULTS.items(), ids=lambda given: getattr(given, "__name__", given)
)
def test_the_contract_sees_the_fault(faulty: type[MemoryStore], name: str) -> None:
    check = getattr(StoreContract(), f"test_{name}")
    small = "full" in name
    check(MemoryStore(max_bytes=1 << 20) if small else MemoryStore())
    store = faulty(max_bytes=1 << 20) if small else faulty()
    with pytest.raises((Exception, pytest.fail.Exception)):
        check(store)


def test_every_test_of_the_contract_has_a_fault() -> None:
    assert {f"test_{name}" for name in FAULTS.values()} == set(contract())
