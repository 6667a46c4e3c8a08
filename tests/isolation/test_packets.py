"""Messages between processes."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.isolation.heads import Head, Kind
from inspector.isolation.packets import LONG, MOST_HEAD, TooLongError, pack, pair, receive, send

MOST = 1 << 24


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = pair()
    yield one, other
    one.close()
    other.close()


@pytest.mark.parametrize("size", [0, 1, LONG - 1, LONG, LONG + 1, 3 << 20])
def test_a_message_comes_as_it_was_sent(ends: tuple[socket.socket, socket.socket], size: int) -> None:
    before = descriptors()
    body = os.urandom(size)
    send(ends[0], pack(Head(id=7, kind=Kind.ASK, about={"model": "é", "n": [1, None]}), body))
    found = receive(ends[1], most=MOST)
    assert found is not None
    assert found.head == Head(id=7, kind=Kind.ASK, about={"model": "é", "n": [1, None]})
    assert (found.memory is None) == (size < LONG)
    assert found.body() == body
    assert descriptors() == before


def test_a_closed_end_is_told(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].close()
    assert receive(ends[1], most=MOST) is None


@pytest.mark.parametrize("size", [0, LONG])
def test_a_long_head_is_refused(size: int) -> None:
    before = descriptors()
    with pytest.raises(TooLongError):
        pack(Head(id=1, kind=Kind.DONE, about={"x": "y" * MOST_HEAD}), bytes(size))
    assert descriptors() == before


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def head(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


BAD = {
    "nothing": b"\0",
    "no head": b"\xff\xff\xff\xff",
    "no JSON": head(b"{"),
    "a list": head(b"[]"),
    "no kind": head(b'{"id":1,"about":{},"size":null}'),
    "another kind": head(b'{"id":1,"kind":"eval","about":{},"size":null}'),
    "memory that did not come": head(b'{"id":1,"kind":"done","about":{},"size":99999}'),
    "an infinite id": head(b'{"id":1e999,"kind":"done","about":{},"size":null}'),
    "an infinite size": head(b'{"id":1,"kind":"done","about":{},"size":1e999}'),
    "a deep head": head(b'{"id":1,"kind":"done","about":' + b"[" * 30_000 + b',"size":null}'),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_is_no_message_is_an_error(ends: tuple[socket.socket, socket.socket], data: bytes) -> None:
    ends[0].sendmsg([data])
    with pytest.raises((ValueError, KeyError)):
        receive(ends[1], most=MOST)


def test_memory_that_is_shorter_than_it_says_is_an_error(ends: tuple[socket.socket, socket.socket]) -> None:
    packet = pack(Head(id=1, kind=Kind.DONE), bytes(LONG))
    assert packet.memory is not None
    os.ftruncate(packet.memory, 10)
    send(ends[0], packet)
    found = receive(ends[1], most=MOST)
    assert found is not None
    with pytest.raises(ValueError, match="its head says"):
        found.body()


def test_memory_that_is_too_long_is_an_error_before_it_is_read(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    before = descriptors()
    send(ends[0], pack(Head(id=1, kind=Kind.DONE), bytes(LONG + 1)))
    with pytest.raises(TooLongError):
        receive(ends[1], most=LONG)
    assert descriptors() == before
