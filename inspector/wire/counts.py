"""How many entries a request may have in a field."""

from __future__ import annotations

from google.protobuf.message import Message

from inspector.errors import LimitExceededError

MAX_ENTRIES = 10_000
"""Of a repeated field, such as targets or layers, in one request; of images, the server's setting."""


def require_counts(message: Message, *, most_images: int) -> None:
    """Raise LimitExceededError where a request has more images than that, or too many entries in another field."""
    for field, value in message.ListFields():
        if field.is_repeated:
            most = most_images if field.name == "images" else MAX_ENTRIES
            require_few(len(value), most=most, field=field.name)


def require_few(count: int, *, most: int, field: str) -> None:
    """Raise LimitExceededError where a request has more entries in a field than one may have."""
    if count > most:
        raise LimitExceededError(
            f"{field} has {count} entries; one request takes at most {most}. Send several requests.",
            field=field,
        )
