"""Verbs of collections while other calls are faster, or their own caller leaves."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from inspector.collections.binding import Binding
from inspector.collections.domain import Collections
from inspector.collections.embedding import IMAGES_AT_ONCE, Embedded
from inspector.collections.store import Block, Header, ItemBatch, StoredItem, Summary
from inspector.collections.stores.memory import MemoryStore
from inspector.errors import CancelledError, ConflictError, NotFoundError
from inspector.types.collections import Item, Query
from inspector.types.control import Cancellation


def item(name: str, *values: float) -> Item:
    return Item(id=name, vector=np.array(values, dtype=np.float32))


class Meddling(MemoryStore):
    """Lets another call be faster, once, just before one that is named."""

    def __init__(self, before: str, meddle: Callable[..., Any]) -> None:
        super().__init__()
        self.armed = False
        self._before, self._meddle = before, meddle

    def _maybe(self, name: str) -> None:
        if self.armed and name == self._before:
            self.armed = False
            self._meddle(self)

    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        self._maybe("append")
        return super().append(batch, header=header, replacing=replacing)

    def blocks(self, name: str) -> Generator[Block, None, None]:
        self._maybe("blocks")
        return super().blocks(name)

    def items(self, name: str, indices: Sequence[int]) -> Mapping[int, StoredItem]:
        self._maybe("items")
        return super().items(name, indices)


def remade(*items: Item) -> Callable[..., Any]:
    """Delete the collection and make it anew of other items."""

    def meddle(store: MemoryStore) -> None:
        other = Collections(store)
        other.delete("all")
        if items:
            other.add("all", items)

    return meddle


@pytest.mark.parametrize("before", ["blocks", "items"])
@pytest.mark.parametrize(
    "anew", [(), (item("x", 1, 2),), (item("x", 1, 2, 3),), (item("a", 9, 9), item("b", 8, 8))]
)
def test_no_answer_is_of_two_collections(before: str, anew: tuple[Item, ...]) -> None:
    store = Meddling(before, remade(*anew))
    domain = Collections(store)
    domain.add("all", [item("a", 1, 2), item("b", 3, 4)])
    verbs: list[Callable[[], object]] = [lambda: domain.neighbors("all", [Query(vector=np.ones(2))])]
    if before == "blocks":
        verbs.append(lambda: domain.pca("all"))
    for verb in verbs:
        store.armed = True
        with pytest.raises((ConflictError, NotFoundError)) as caught:
            verb()
        assert caught.value.reason in ("COLLECTION_REPLACED", "COLLECTION_NOT_FOUND")
        if domain.names():
            domain.delete("all")
        domain.add("all", [item("a", 1, 2), item("b", 3, 4)])


def test_what_is_added_meanwhile_is_not_half_in_the_answer() -> None:
    store = Meddling("blocks", lambda store: Collections(store).add("all", [item("c", 0, 0)]))
    domain = Collections(store)
    domain.add("all", [item("a", 1, 2), item("b", 3, 4)])
    store.armed = True
    assert [one.id for one in domain.neighbors("all", [Query(item="a")])[0]] == ["a", "b"]
    domain.delete("all")
    domain.add("all", [item("a", 1, 2), item("b", 3, 4)])
    store.armed = True
    assert domain.pca("all").ids == ("a", "b")


def test_queries_of_another_collection_of_that_name_are_not_answered() -> None:
    store = MemoryStore()
    domain = Collections(store)
    domain.add("all", [item("a", 1, 2)])
    key = domain.header("all").key
    assert len(domain.neighbors("all", [Query(item="a")], key=key)[0]) == 1
    remade(item("a", 1, 2))(store)
    with pytest.raises(ConflictError) as caught:
        domain.neighbors("all", [Query(item="a")], key=key)
    assert caught.value.reason == "COLLECTION_REPLACED"


class InRows(MemoryStore):
    """Gives one row at a time, counts them, and cancels at the second."""

    def __init__(self, token: Cancellation) -> None:
        super().__init__()
        self.given = 0
        self._token = token

    def blocks(self, name: str) -> Generator[Block, None, None]:
        for block in super().blocks(name):
            for row, one in enumerate(block.ids):
                self.given += 1
                if self.given == 2:
                    self._token.cancel()
                yield Block(first=block.first + row, ids=(one,), vectors=block.vectors[row : row + 1])


@pytest.mark.parametrize("verb", ["neighbors", "pca"])
def test_a_search_ends_at_the_next_block(verb: str) -> None:
    token = Cancellation()
    store = InRows(token)
    domain = Collections(store)
    domain.add("all", [item(str(n), n, 1) for n in range(5)])
    asks: dict[str, Callable[[], object]] = {
        "neighbors": lambda: domain.neighbors("all", [Query(item="0")], cancellation=token),
        "pca": lambda: domain.pca("all", cancellation=token),
    }
    with pytest.raises(CancelledError):
        asks[verb]()
    assert store.given == 2
    with pytest.raises(CancelledError):
        asks[verb]()
    assert store.given == 2


def test_an_addition_ends_between_two_portions_of_images() -> None:
    token, calls = Cancellation(), []

    def embed(images: Sequence[object], binding: Binding, /) -> Embedded:
        token.cancel()
        calls.append(len(images))
        return Embedded(vectors=np.ones((len(images), 2), np.float32), sha256="1")

    domain = Collections(MemoryStore(), embed=embed)
    items = [Item(id=str(n), image=n) for n in range(IMAGES_AT_ONCE + 1)]
    with pytest.raises(CancelledError):
        domain.add("all", items, model="m", cancellation=token)
    assert calls == [IMAGES_AT_ONCE]
    assert domain.names() == ()


def test_an_addition_that_was_slower_is_tried_again_or_refused() -> None:
    def bound_elsewhere(store: MemoryStore) -> None:
        Collections(store).add("all", [item("x", 1, 2)], model="other")

    store = Meddling("append", bound_elsewhere)
    domain = Collections(store)
    store.armed = True
    with pytest.raises(ConflictError) as caught:
        domain.add("all", [item("a", 1, 2)], model="m")
    assert caught.value.reason == "COLLECTION_BOUND"
    store = Meddling("append", remade(item("x", 1, 2)))
    domain = Collections(store)
    domain.add("all", [item("z", 1, 2)])
    store.armed = True
    assert domain.add("all", [item("a", 1, 2)]).item_count == 2
