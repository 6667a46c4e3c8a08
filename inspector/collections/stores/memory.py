"""Collections in the memory of this process: gone when it ends, bounded by bytes while it runs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Mapping, Sequence
from dataclasses import astuple
from threading import Lock
from types import MappingProxyType

import numpy as np

from inspector.collections.registration import store
from inspector.collections.store import (
    Block,
    Header,
    HeaderChangedError,
    IdsTakenError,
    ItemBatch,
    StoredItem,
    Summary,
)
from inspector.collections.vectors import FloatArray
from inspector.errors import LimitExceededError

DEFAULT_MAX_BYTES = 1 << 30
BLOCK_BYTES = 1 << 20
"""Of a block of vectors, once a collection is large."""
_BYTES_PER_ENTRY = 512
"""Python's own cost of an item or a collection: objects, dictionaries and array headers, rounded up."""


@store("memory")
class MemoryStore:
    """A Store whose collections are lists of blocks that are filled and never moved; one lock guards them all."""

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._used_bytes = 0
        self._collections: dict[str, _Collection] = {}
        self._lock = Lock()

    @property
    def used_bytes(self) -> int:
        """What the collections take now, by the count that `max_bytes` bounds."""
        return self._used_bytes

    def info(self, name: str) -> Summary | None:
        """Return the collection as it is now; None where there is none."""
        with self._lock:
            collection = self._collections.get(name)
            return None if collection is None else collection.summary()

    def names(self) -> tuple[str, ...]:
        """Return the names of all collections, sorted."""
        with self._lock:
            return tuple(sorted(self._collections))

    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        """Append all items or none, and put `header` in the place of `replacing`; see Store."""
        attributes = [MappingProxyType(dict(one)) for one in batch.attributes]
        with self._lock:
            collection = self._collections.get(header.name)
            if (None if collection is None else collection.header) != replacing:
                raise HeaderChangedError
            if collection is None:
                collection = _Collection(header)
            collection.refuse_taken(batch.ids)
            wanted = _entries_bytes(batch) + collection.block_bytes_for(len(batch.ids))
            if replacing is None:
                wanted += _BYTES_PER_ENTRY
            wanted += _header_bytes(header) - (0 if replacing is None else _header_bytes(replacing))
            self._refuse_if_full(wanted)
            collection.extend(batch, attributes)
            collection.header = header
            collection.used_bytes += wanted
            self._used_bytes += wanted
            self._collections[header.name] = collection
            return collection.summary()

    def vectors(self, name: str, ids: Sequence[str]) -> Mapping[str, FloatArray]:
        """Return the vectors (D,) of those ids that are there, read-only."""
        with self._lock:
            collection = self._collections.get(name)
            return {} if collection is None else collection.rows(ids)

    def blocks(self, name: str) -> Generator[Block, None, None]:
        """Yield all items in order of addition as they are at the first step."""
        with self._lock:
            collection = self._collections.get(name)
            count = 0 if collection is None else len(collection.ids)
        first = 0
        while collection is not None and first < count:
            with self._lock:
                block = collection.block(first, stop=count)
            yield block
            first += len(block.ids)

    def items(self, name: str, indices: Sequence[int]) -> Mapping[int, StoredItem]:
        """Return the items at those indices that are there."""
        with self._lock:
            collection = self._collections.get(name)
            if collection is None:
                return {}
            return {index: collection.item(index) for index in indices if 0 <= index < len(collection.ids)}

    def delete(self, name: str) -> bool:
        """Forget a collection, and return whether there was one."""
        with self._lock:
            collection = self._collections.pop(name, None)
            if collection is not None:
                self._used_bytes -= collection.used_bytes
            return collection is not None

    def _refuse_if_full(self, wanted: int) -> None:
        if self._used_bytes + wanted > self._max_bytes:
            raise LimitExceededError(
                f"The store holds {self._used_bytes:,} of {self._max_bytes:,} bytes; {wanted:,} more do not "
                "fit. Delete a collection, add fewer items, or start the store with a larger max_bytes.",
                reason="STORE_FULL",
            )


class _Collection:
    """One collection; its store's lock is held around every call.

    Rows are written once, behind all that a reader may look at, so that what was given out stays as it was.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.used_bytes = 0
        self.ids: list[str] = []
        self._attributes: list[Mapping[str, str]] = []
        self._index: dict[str, int] = {}
        self._blocks: list[FloatArray] = []
        self._firsts: list[int] = []
        """Per block, the index of its first row."""

    def summary(self) -> Summary:
        return Summary(header=self.header, item_count=len(self.ids))

    def refuse_taken(self, ids: Sequence[str]) -> None:
        taken = [one for one in ids if one in self._index]
        if taken:
            raise IdsTakenError(taken)

    def block_bytes_for(self, count: int) -> int:
        """Return what the blocks take that so many more rows need."""
        return 4 * self.header.dimension * sum(self._new_blocks(count))

    def extend(self, batch: ItemBatch, attributes: Sequence[Mapping[str, str]]) -> None:
        new = [
            np.empty((rows, self.header.dimension), np.float32) for rows in self._new_blocks(len(batch.ids))
        ]
        first = len(self.ids)
        for block in new:
            self._firsts.append(self._capacity())
            self._blocks.append(block)
        written = 0
        while written < len(batch.ids):
            block, row = self._place(first + written)
            rows = batch.vectors[written : written + len(block) - row]
            block[row : row + len(rows)] = rows
            written += len(rows)
        self._index.update(zip(batch.ids, range(first, first + len(batch.ids)), strict=True))
        self._attributes.extend(attributes)
        self.ids.extend(batch.ids)

    def rows(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        found = {}
        for one in ids:
            if (index := self._index.get(one)) is not None:
                block, row = self._place(index)
                found[one] = _read_only(block[row])
        return found

    def block(self, first: int, *, stop: int) -> Block:
        """Return the items from `first` to the end of its block, or to `stop`."""
        block, row = self._place(first)
        rows = _read_only(block[row : row + stop - first])
        return Block(first=first, ids=tuple(self.ids[first : first + len(rows)]), vectors=rows)

    def item(self, index: int) -> StoredItem:
        return StoredItem(id=self.ids[index], attributes=self._attributes[index])

    def _place(self, index: int) -> tuple[FloatArray, int]:
        number = bisect_right(self._firsts, index) - 1
        return self._blocks[number], index - self._firsts[number]

    def _capacity(self) -> int:
        return self._firsts[-1] + len(self._blocks[-1]) if self._blocks else 0

    def _new_blocks(self, count: int) -> list[int]:
        """Return the rows of each block that is to be made before so many more items fit.

        A block is as large as what is there already, so that little is wasted on a small collection, and never
        larger than BLOCK_BYTES.
        """
        most = max(1, BLOCK_BYTES // (4 * self.header.dimension))
        missing = len(self.ids) + count - self._capacity()
        new: list[int] = []
        while missing > 0:
            new.append(min(most, max(missing, self._capacity() + sum(new))))
            missing -= new[-1]
        return new


def _read_only(rows: FloatArray) -> FloatArray:
    rows.flags.writeable = False  # of this view alone
    return rows


def _entries_bytes(batch: ItemBatch) -> int:
    return sum(
        _BYTES_PER_ENTRY + _text_bytes(one, *attributes.keys(), *attributes.values())
        for one, attributes in zip(batch.ids, batch.attributes, strict=True)
    )


def _header_bytes(header: Header) -> int:
    return _text_bytes(header.name, header.key, header.owner, *astuple(header.binding))


def _text_bytes(*words: str) -> int:
    return sum(len(word.encode()) for word in words)
