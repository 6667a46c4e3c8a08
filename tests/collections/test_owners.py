"""Collections of several owners in one store: what is another's is not there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from inspector.collections.domain import Collections
from inspector.collections.stores.memory import MemoryStore
from inspector.collections.viewer import Viewer
from inspector.errors import (
    AlreadyExistsError,
    InspectorError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
)
from inspector.types.collections import Item, Query

ANN, BOB = Viewer(owner="ann", most=2), Viewer(owner="bob", most=2)
ADMIN = Viewer(sees_all=True)


def items(*ids: str) -> list[Item]:
    return [Item(id=one, vector=np.arange(3, dtype=np.float32) + index) for index, one in enumerate(ids)]


@pytest.fixture
def everything() -> Collections:
    """Ann's "hers", Bob's "his", and "all", which an admin made."""
    made = Collections(MemoryStore())
    made.seen_by(ANN).add("hers", items("a", "b"))
    made.seen_by(BOB).add("his", items("a", "b"))
    made.seen_by(ADMIN).add("all", items("a", "b"))
    return made


def test_each_sees_its_own_and_everybodys(everything: Collections) -> None:
    assert everything.seen_by(ANN).names() == ("all", "hers")
    assert everything.seen_by(BOB).names() == ("all", "his")
    assert everything.seen_by(ADMIN).names() == everything.names() == ("all", "hers", "his")
    assert [one.name for one in everything.seen_by(ANN).list()] == ["all", "hers"]
    assert [one.name for one in everything.seen_by(ANN).list(["his", "hers"])] == ["hers"]


READING: dict[str, Callable[[Collections, str], object]] = {
    "info": lambda seen, name: seen.info(name),
    "header": lambda seen, name: seen.header(name),
    "neighbors": lambda seen, name: seen.neighbors(name, [Query(item="a")], k=1),
    "pca": lambda seen, name: seen.pca(name, components=1),
}
CHANGING: dict[str, Callable[[Collections, str], object]] = {
    "add": lambda seen, name: seen.add(name, items("c")),
    "binding": lambda seen, name: seen.binding(name, items("c")),
    "delete": lambda seen, name: seen.delete(name),
}


@pytest.mark.parametrize("ask", READING.values(), ids=READING)
def test_what_is_anothers_is_not_there_to_read(
    everything: Collections, ask: Callable[[Collections, str], object]
) -> None:
    with pytest.raises(NotFoundError) as caught:
        ask(everything.seen_by(ANN), "his")
    with pytest.raises(NotFoundError) as absent:
        ask(everything.seen_by(ANN), "none")
    # Neither the message nor the names that it proposes tell that it is there.
    assert (
        caught.value.message.replace("his", "none").split(" Did")[0] == absent.value.message.split(" Did")[0]
    )
    assert ask(everything.seen_by(ANN), "hers") is not None
    assert ask(everything.seen_by(ANN), "all") is not None
    assert ask(everything.seen_by(ADMIN), "his") is not None


@pytest.mark.parametrize("ask", CHANGING.values(), ids=CHANGING)
@pytest.mark.parametrize("name", ["his", "all"])
def test_what_is_anothers_or_everybodys_is_not_changed(
    everything: Collections, ask: Callable[[Collections, str], object], name: str
) -> None:
    kind: type[InspectorError] = PermissionDeniedError
    if name == "his":
        kind = NotFoundError if ask is CHANGING["delete"] else AlreadyExistsError
    with pytest.raises(kind):
        ask(everything.seen_by(ANN), name)
    assert everything.info(name).item_count == 2
    ask(everything.seen_by(ANN), "hers")
    ask(everything.seen_by(ADMIN), name)


def test_an_owner_has_so_many_at_most(everything: Collections) -> None:
    ann = everything.seen_by(ANN)
    ann.add("more", items("a"))
    with pytest.raises(LimitExceededError, match="You have 2 collections") as caught:
        ann.add("most", items("a"))
    assert caught.value.reason == "TOO_MANY_COLLECTIONS"
    ann.add("more", items("b"))
    ann.delete("more")
    ann.add("most", items("a"))
    everything.seen_by(BOB).add("more", items("a"))
