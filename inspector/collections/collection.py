"""What a collection is, and the seam behind which any store of collections stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from inspector.collections.vectors import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Item:
    """One vector under an id that is unique in its collection."""

    id: str
    vector: FloatArray
    """Shape (D,)."""
    attributes: Mapping[str, str]
    """Whatever the caller wants back with it, e.g. the file's name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Collection:
    """A snapshot of a collection: it does not change when the store does."""

    name: str
    dimension: int
    origin: Mapping[str, str]
    """Where the vectors come from, e.g. model, layer and pooling."""
    items: tuple[Item, ...]
    """In the order in which they were added."""

    @cached_property
    def vectors(self) -> FloatArray:
        """All vectors as one read-only matrix (N, D); row i belongs to items[i]."""
        matrix = np.empty((len(self.items), self.dimension), dtype=np.float32)
        for row, item in zip(matrix, self.items, strict=True):
            row[:] = item.vector
        matrix.flags.writeable = False
        return matrix


class CollectionStore(Protocol):
    """Keeps collections under their names; every method is thread-safe and all-or-nothing."""

    def create(self, name: str, *, dimension: int, origin: Mapping[str, str]) -> Collection:
        """Make an empty collection; ConflictError where the name is taken."""
        ...

    def add(self, name: str, items: Iterable[Item]) -> Collection:
        """Append items and return the new snapshot.

        NotFoundError: no such collection. InvalidInputError: an id that is empty or given twice, a vector of
        another dimension or not finite. ConflictError: an id that the collection has. LimitExceededError:
        the store is full.
        """
        ...

    def get(self, name: str) -> Collection:
        """Return the collection as it is now; NotFoundError names the nearest ones."""
        ...

    def names(self) -> tuple[str, ...]:
        """Return the names of all collections, sorted."""
        ...

    def delete(self, name: str) -> None:
        """Forget a collection; NotFoundError where there is none."""
        ...
