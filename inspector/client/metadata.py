"""What goes with each call beside its request: the token, and whatever a proxy or a log on the way wants to see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import grpc

from inspector.errors import InvalidInputError, in_brief
from inspector.types.given import require_text

Pairs = tuple[tuple[str, str], ...]

_KEY = re.compile(r"(?!grpc-)[a-z0-9][a-z0-9_.-]*(?<!-bin)")
_VALUE = re.compile(r"[ -~]*")
_TOKEN = re.compile(r"[!-~]+")
_MAX_TOKEN_BYTES = 16_384


def as_pairs(given: Any) -> Pairs:
    """Return metadata as pairs of text, from a mapping or from pairs; InvalidInputError for what gRPC cannot send."""
    pairs = given.items() if isinstance(given, Mapping) else given
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise _no_metadata(given)
    found = tuple(tuple(pair) if isinstance(pair, (tuple, list)) else (pair,) for pair in pairs)
    for pair in found:
        if len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise _no_metadata(given)
        if not _KEY.fullmatch(pair[0]) or not _VALUE.fullmatch(pair[1]):
            raise InvalidInputError(
                f"metadata has {in_brief(pair[0])}; a key has a-z, 0-9, '_', '.' and '-', does not begin with grpc-, "
                "and does not end with -bin; its value is printable ASCII.",
                field="metadata",
            )
    return found


def require_token(token: str) -> str:
    """Return a token as it is; InvalidInputError where no header can hold it."""
    if not _TOKEN.fullmatch(require_text(token, field="token")):
        raise InvalidInputError(
            "The token must be printable ASCII without spaces, and not empty.", field="token"
        )
    return token


def read_token(path: Path) -> str:
    """Return the token that a file holds now; InvalidInputError where there is none to read."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MAX_TOKEN_BYTES).decode("ascii").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidInputError(
            f"The file {str(path)[:200]!r} cannot be read: {reason}. Give one that holds a token.",
            field="token_file",
        ) from None
    if not _TOKEN.fullmatch(text):
        raise InvalidInputError(f"The file {str(path)[:200]!r} holds no token.", field="token_file")
    return text


class _Details(NamedTuple):
    """What gRPC asks of the details of a call."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class MetadataInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds metadata to every call. As call credentials gRPC would send a token over TLS only, never to the loopback."""

    def __init__(self, metadata: Callable[[], Pairs]) -> None:
        self._metadata = metadata

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._call(continuation, details, request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._call(continuation, details, request)

    def intercept_stream_unary(self, continuation: Any, details: Any, requests: Any) -> Any:
        return self._call(continuation, details, requests)

    def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        return self._call(continuation, details, requests)

    def _call(self, continuation: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        return continuation(
            _Details(
                details.method,
                details.timeout,
                (*(details.metadata or ()), *self._metadata()),
                details.credentials,
                details.wait_for_ready,
                details.compression,
            ),
            request,
        )


def _no_metadata(given: object) -> InvalidInputError:
    return InvalidInputError(
        f"metadata is {in_brief(given, long='a {}')}; give a mapping, or pairs, of text.", field="metadata"
    )
