"""Long bytes of messages, written once: what is put into a message is copied, and once more as that is serialized.

A message's bytes are its fields' one behind the other, each behind its number and its length, and a field that holds
bytes may be written by hand (https://protobuf.dev/programming-guides/encoding). So images go straight into the bytes
that are sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from google.protobuf.message import Message

_BYTES = 2
"""The kind of a field that has a length."""
_MORE = 128
"""In a byte of a varint: another one follows."""


class Written(NamedTuple):
    """A message as it is sent, in two parts."""

    head: bytes
    values: Any
    """The long field, which is the last one: bytes, or an array of them."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.head) + len(self.values)


def of_field(number: int, values: Any, *, before: bytes = b"") -> Written:
    """Return a message whose last field holds bytes, behind the bytes of its other fields."""
    return Written(before + _opening(number, len(values)), values)


def within_field(number: int, inner: Written) -> Written:
    """Return a message with one field, which holds another message."""
    return Written(_opening(number, inner.size) + inner.head, inner.values)


def with_entries(message: Message, number: int, entries: Iterable[Written]) -> bytes:
    """Return the bytes of a message with entries of a repeated field, which it has none of itself."""
    parts: list[Any] = [message.SerializeToString()]
    for entry in entries:
        parts += within_field(number, entry)
    return b"".join(parts)


def _opening(number: int, size: int) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(size)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= _MORE:
        found.append(value % _MORE | _MORE)
        value //= _MORE
    found.append(value)
    return bytes(found)
