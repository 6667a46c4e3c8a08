"""What a message between the server and a worker is about; the bytes that it carries beside that are its body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

RAN = "ran"
"""Beside an answer: when the worker began and ended the operation (nanoseconds since the epoch)."""

SESSIONS = "sessions"
"""Beside an answer: how many sessions of the runtime the worker keeps."""


_write = json.JSONEncoder(separators=(",", ":")).encode
"""Made once: `json.dumps` with separators makes an encoder for each."""


class Kind(StrEnum):
    """Who says what."""

    ASK = "ask"
    """The server asks for an operation."""
    CANCEL = "cancel"
    """The server wants an operation no more."""
    TOLD = "told"
    """The worker tells of an operation before its end."""
    DONE = "done"
    """The worker has done it."""
    FAILED = "failed"
    """The worker could not do it."""
    BESIDE = "beside"
    """The worker asks where another model lies, and the server answers."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """One message without its body."""

    id: int
    """Of the operation that it is about."""
    kind: Kind
    about: Mapping[str, Any] = field(default_factory=dict)
    """JSON: what this kind needs to say."""


def head_to_bytes(head: Head, *, size: int | None = None) -> bytes:
    """Return a head as it is sent; `size` is that of a body which travels in shared memory."""
    return _write({"id": head.id, "kind": head.kind, "about": head.about, "size": size}).encode()


def head_of_bytes(data: bytes) -> tuple[Head, int | None]:
    """Return a head, and the size of a body in shared memory; ValueError for what is none."""
    try:
        found = json.loads(data)
    except RecursionError as error:
        raise ValueError("A head is nested too deep.") from error
    if not (isinstance(found, dict) and isinstance(found.get("about"), dict)):
        raise ValueError("A head is a JSON object with an object `about`.")  # noqa: TRY004 — of bytes
    size = found["size"]
    try:
        head = Head(id=int(found["id"]), kind=Kind(found["kind"]), about=found["about"])
        return head, None if size is None else int(size)
    except OverflowError as error:  # of 1e999, which JSON takes for infinity
        raise ValueError("A head's `id` and `size` are whole numbers.") from error
