"""Memory files that are written again and again."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from inspector.isolation.heads import Head, Kind
from inspector.isolation.packets import LONG, pack, pair, receive, send
from inspector.isolation.shelf import MOST_BYTES, MOST_FILES, Shelf


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    made = Shelf()
    yield made
    made.close()


def inode(memory: int) -> int:
    return os.fstat(memory).st_ino


def is_open(memory: int) -> bool:
    try:
        os.fstat(memory)
    except OSError:
        return False
    return True


def test_one_file_carries_bodies_of_any_length_one_after_another(shelf: Shelf) -> None:
    ends = pair()
    seen = set()
    for length in (3 * LONG, LONG, 5 * LONG):
        memory = shelf.take()
        seen.add(inode(memory))
        body = os.urandom(length)
        send(ends[0], pack(Head(id=1, kind=Kind.ASK), body, memory=memory))
        received = receive(ends[1], most=MOST_BYTES)
        assert received is not None
        assert received.body() == body
        shelf.give(memory)
    assert len(seen) == 1
    for end in ends:
        end.close()


def test_two_operations_at_once_have_files_of_their_own(shelf: Shelf) -> None:
    first, second = shelf.take(), shelf.take()
    assert inode(first) != inode(second)
    packets = [
        pack(Head(id=1, kind=Kind.ASK), byte * LONG, memory=memory)
        for byte, memory in ((b"a", first), (b"b", second))
    ]
    assert [os.pread(packet.memory or 0, 1, 0) for packet in packets] == [b"a", b"b"]
    for packet, memory in zip(packets, (first, second), strict=True):
        packet.close()
        assert is_open(memory)
        shelf.give(memory)


def test_few_files_are_kept_and_none_that_is_large(shelf: Shelf) -> None:
    taken = [shelf.take() for _ in range(MOST_FILES + 2)]
    os.ftruncate(taken[0], MOST_BYTES + 1)
    for memory in taken:
        shelf.give(memory)
    assert [is_open(memory) for memory in taken] == [False, *[True] * MOST_FILES, False]


def test_a_file_that_comes_back_after_the_end_is_given_back() -> None:
    shelf = Shelf()
    kept, out = shelf.take(), shelf.take()
    shelf.give(kept)
    shelf.close()
    assert not is_open(kept)
    shelf.give(out)
    assert not is_open(out)
