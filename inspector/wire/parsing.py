"""A message's bytes to the message; bytes that are none are the caller's error."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from inspector.errors import InvalidInputError

M = TypeVar("M", bound=Message)


def parsed(data: bytes, kind: type[M]) -> M:
    """Return the message of a kind; InvalidInputError for bytes that are none."""
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise malformed(len(data)) from error


def malformed(size: int) -> InvalidInputError:
    """Return the error for so many bytes that are no message."""
    return InvalidInputError(
        f"The request (bytes: {size:,}) is no message that this method takes. Send the one that the protos name, of "
        "the same version.",
        reason="MALFORMED_REQUEST",
    )
