"""The seam behind which collections are kept: small calls, each all or nothing.

What passes it has been checked: a Header and an ItemBatch cannot be made of anything else. A store keeps, counts and
gives back; it raises only what it alone can know. `tests/collections/contract.py` says all of that in tests, and runs
on every store.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inspector.collections.binding import Binding
from inspector.collections.vectors import FloatArray, as_matrix
from inspector.errors import InvalidInputError
from inspector.types.names import require_id


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a collection is, apart from its items."""

    name: str
    key: str
    """Of no other collection, nor of one that bore the same name before."""
    dimension: int
    binding: Binding
    owner: str = ""
    """Whose it is, where callers are told apart; empty for one that is everybody's."""

    def __post_init__(self) -> None:
        require_id(self.name, field="collection")
        if self.dimension < 1:
            raise InvalidInputError(
                f"A collection's dimension is {self.dimension}; it must be at least 1.", field="dimension"
            )


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A collection as it is at a moment."""

    header: Header
    item_count: int


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemBatch:
    """At least one item to append."""

    ids: tuple[str, ...]
    """Not empty, all different."""
    vectors: FloatArray
    """Finite, (N, D), N = len(ids)."""
    attributes: tuple[Mapping[str, str], ...]

    def __post_init__(self) -> None:
        as_matrix(self.vectors, field="vectors")
        if self.vectors.dtype != np.float32:
            raise ValueError(f"The vectors of a batch are {self.vectors.dtype}, not float32.")
        if not len(self.ids) == len(self.vectors) == len(self.attributes):
            raise ValueError("A batch has one vector and one mapping of attributes per id.")
        if not all(self.ids) or len(set(self.ids)) != len(self.ids):
            raise ValueError("The ids of a batch are not empty and all different.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Some items in the order of addition."""

    first: int
    """The index of the first one."""
    ids: tuple[str, ...]
    vectors: FloatArray
    """Read-only, (len(ids), D)."""


@dataclass(frozen=True, kw_only=True)
class StoredItem:
    """An item without its vector."""

    id: str
    attributes: Mapping[str, str]


class HeaderChangedError(Exception):
    """The collection's header is not the one that was to be replaced: another call was faster."""


class IdsTakenError(Exception):
    """The collection has items with some of the given ids; `ids` are those."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"{len(ids)} ids are taken")
        self.ids = tuple(ids)


class Store(Protocol):
    """Keeps collections under their names. Thread-safe; a name that is not there is no error."""

    def info(self, name: str) -> Summary | None:
        """Return the collection as it is now; None where there is none."""
        ...

    def names(self) -> tuple[str, ...]:
        """Return the names of all collections, sorted."""
        ...

    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        """Append all items, or none, to the collection `header.name`, and put `header` in the place of `replacing`.

        `replacing` is None where the collection is to be made. Raises HeaderChangedError where the header is not
        `replacing` (compared as a whole, in the same transaction), IdsTakenError, and LimitExceededError where
        the store is full. The work is linear in what is appended, not in what is there.
        """
        ...

    def vectors(self, name: str, ids: Sequence[str]) -> Mapping[str, FloatArray]:
        """Return the vectors (D,) of those ids that are there, read-only."""
        ...

    def blocks(self, name: str) -> Generator[Block, None, None]:
        """Yield all items in order of addition as they are at the first step, a bounded number at a time.

        No append is seen in part, and none that comes after. Nothing where there is no such collection. The
        caller closes it.
        """
        ...

    def items(self, name: str, indices: Sequence[int]) -> Mapping[int, StoredItem]:
        """Return the items at those indices that are there."""
        ...

    def delete(self, name: str) -> bool:
        """Forget a collection, and return whether there was one; readers in midst of its blocks may go on."""
        ...
