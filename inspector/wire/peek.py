"""What a request is about, read from its bytes without parsing it: strings of the message itself, by their names.

A message may hold millions of entries, which take seconds to parse; this looks at a bounded number of the outermost
fields and at nothing within them (protobuf's encoding: https://protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from inspector.errors import LimitExceededError
from inspector.wire.parsing import malformed

MOST_FIELDS = 20_000
"""Entries of all fields of a request together."""
LONGEST = 1_000
"""Bytes of a text that is looked at."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LAST_BYTE = 10
"""Of a varint of 64 bits."""


def peek(data: bytes, kind: Any) -> dict[str, str]:
    """Return the texts that a message of a kind (its descriptor) holds, by the names of the fields; the last one wins.

    InvalidInputError for what is no message, LimitExceededError for one of too many entries or too long a text.
    """
    names = _texts_of(kind)
    found: dict[str, str] = {}
    for number, start, end in _texts(data):
        name = names.get(number)
        if name is None:
            continue
        if end - start > LONGEST:
            raise LimitExceededError(
                f"{name} has {end - start:,} bytes; it may have {LONGEST:,}.", reason="TOO_LONG", field=name
            )
        try:
            found[name] = data[start:end].decode()
        except UnicodeDecodeError as error:
            raise malformed(len(data)) from error
    return found


@functools.cache
def _texts_of(kind: Any) -> Mapping[int, str]:
    """Return the names of a message's fields that hold one text, by their numbers."""
    return {
        field.number: field.name
        for field in kind.fields
        if field.type == field.TYPE_STRING and not field.is_repeated
    }


def _texts(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (the field's number, start, end) of all outermost fields of bytes."""
    at, size = 0, len(data)
    for _ in range(MOST_FIELDS):
        if at == size:
            return
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == _VARINT:
            _, at = _varint(data, at)
        elif kind == _BYTES:
            length, at = _varint(data, at)
            if at + length > size:
                raise malformed(size)
            yield tag >> 3, at, at + length
            at += length
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
            if at > size:
                raise malformed(size)
        else:  # groups, which no message here has
            raise malformed(size)
    if at != size:
        raise LimitExceededError(
            f"The request has more than {MOST_FIELDS:,} entries in its fields. Send several requests.",
            reason="TOO_MANY_ENTRIES",
        )


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(_LAST_BYTE):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 127) << (7 * shift)
        if byte < 128:
            return value, at
    raise malformed(len(data))
