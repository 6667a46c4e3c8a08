"""Collections in the memory of this process: gone when it ends, bounded by bytes while it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Lock
from types import MappingProxyType

import numpy as np

from inspector.collections.collection import Collection, Item
from inspector.collections.vectors import as_vector
from inspector.errors import ConflictError, InvalidInputError, LimitExceededError, unknown_name

DEFAULT_MAX_BYTES = 1 << 30
_BYTES_PER_ENTRY = 512
"""Python's own cost of an item or a collection: objects, dictionaries and array headers, rounded up."""


class MemoryStore:
    """A CollectionStore whose collections are immutable snapshots, swapped under one lock.

    A vector is counted twice against `max_bytes`: once as the item's own, once as its row of the matrix that
    a search builds.
    """

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._used_bytes = 0
        self._collections: dict[str, Collection] = {}
        self._lock = Lock()

    @property
    def used_bytes(self) -> int:
        """What the collections take now, by the count that `max_bytes` bounds."""
        return self._used_bytes

    def create(self, name: str, *, dimension: int, origin: Mapping[str, str]) -> Collection:
        """Make an empty collection; ConflictError where the name is taken."""
        if not name:
            raise InvalidInputError("A collection's name must not be empty.", field="name")
        if dimension < 1:
            raise InvalidInputError(
                f"A collection's dimension is {dimension}; it must be at least 1.", field="dimension"
            )
        collection = Collection(
            name=name, dimension=dimension, origin=MappingProxyType(dict(origin)), items=()
        )
        with self._lock:
            if name in self._collections:
                raise ConflictError(
                    f"There is a collection {name!r} already. Delete it first, or add to it.",
                    reason="COLLECTION_EXISTS",
                    field="name",
                )
            self._reserve(_collection_bytes(collection))
            self._collections[name] = collection
        return collection

    def add(self, name: str, items: Iterable[Item]) -> Collection:
        """Append items, all or none, and return the new snapshot."""
        given = tuple(items)
        # Copying and checking need no lock: a collection's dimension never changes under its name unless it
        # is deleted and made anew, which the second look below catches.
        seen = self.get(name)
        frozen = tuple(_frozen(item, dimension=seen.dimension) for item in given)
        _refuse_repeated_ids(frozen)
        with self._lock:
            now = self._find(name)
            if now.dimension != seen.dimension:
                raise ConflictError(
                    f"Collection {name!r} was replaced by another while items were added. Add them again.",
                    reason="COLLECTION_REPLACED",
                    field="name",
                )
            _refuse_known_ids(frozen, now)
            self._reserve(sum(map(_item_bytes, frozen)))
            self._collections[name] = grown = replace(now, items=now.items + frozen)
        return grown

    def get(self, name: str) -> Collection:
        """Return the collection as it is now; NotFoundError names the nearest ones."""
        with self._lock:
            return self._find(name)

    def names(self) -> tuple[str, ...]:
        """Return the names of all collections, sorted."""
        with self._lock:
            return tuple(sorted(self._collections))

    def delete(self, name: str) -> None:
        """Forget a collection; NotFoundError where there is none."""
        with self._lock:
            collection = self._find(name)
            del self._collections[name]
            self._used_bytes -= _collection_bytes(collection) + sum(map(_item_bytes, collection.items))

    def _find(self, name: str) -> Collection:
        collection = self._collections.get(name)
        if collection is None:
            raise unknown_name("collection", name, self._collections)
        return collection

    def _reserve(self, wanted: int) -> None:
        if self._used_bytes + wanted > self._max_bytes:
            raise LimitExceededError(
                f"The store holds {self._used_bytes:,} of {self._max_bytes:,} bytes; {wanted:,} more do not "
                "fit. Delete a collection, add fewer items, or start the store with a larger max_bytes.",
                reason="STORE_FULL",
            )
        self._used_bytes += wanted


def _frozen(item: Item, *, dimension: int) -> Item:
    if not item.id:
        raise InvalidInputError("An item's id must not be empty.", field="items.id")
    vector = np.array(as_vector(item.vector, dimension=dimension, field=f"The vector of item {item.id!r}"))
    vector.flags.writeable = False
    return Item(id=item.id, vector=vector, attributes=MappingProxyType(dict(item.attributes)))


def _refuse_repeated_ids(items: tuple[Item, ...]) -> None:
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise InvalidInputError(
                f"Item {item.id!r} is given twice in one call; ids must differ.",
                reason="DUPLICATE_ID",
                field="items.id",
            )
        seen.add(item.id)


def _refuse_known_ids(items: tuple[Item, ...], collection: Collection) -> None:
    known = {item.id for item in collection.items}
    taken = [item.id for item in items if item.id in known]
    if taken:
        raise ConflictError(
            f"Collection {collection.name!r} has {len(taken)} of the given items already, the first is "
            f"{taken[0]!r}. Give them other ids; an item is never overwritten.",
            reason="ITEM_EXISTS",
            field="items.id",
        )


def _item_bytes(item: Item) -> int:
    return 2 * item.vector.nbytes + _text_bytes(item.attributes, item.id)


def _collection_bytes(collection: Collection) -> int:
    return _text_bytes(collection.origin, collection.name)


def _text_bytes(texts: Mapping[str, str], name: str) -> int:
    words = [name, *texts.keys(), *texts.values()]
    return _BYTES_PER_ENTRY + sum(len(word.encode()) for word in words)
