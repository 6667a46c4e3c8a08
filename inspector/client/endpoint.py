"""Where a server is and how it is spoken to: what a client, a health check and a command need to know, once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, get_args

import grpc
import grpc.experimental

from inspector.client.channel import (
    COMPRESSIONS,
    KEEPALIVE_SECONDS,
    LEAST_KEEPALIVE_SECONDS,
    Balancing,
    Compression,
    channel_options,
)
from inspector.client.retries import RETRIES
from inspector.errors import InvalidInputError, in_brief
from inspector.types.control import as_timeout
from inspector.types.given import as_integer, require_text

ADDRESS = "127.0.0.1:50051"
TIMEOUT = 600.0
MAX_MESSAGE_BYTES = 64 << 20

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+(%\w+)?\]|[^\s:/\[\]]+):(?P<port>\d{1,5})")
_OTHER_TARGETS = ("unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:", "xds:")  # as gRPC writes them
_MAX_PORT = 65_535
_MOST_MESSAGE_BYTES = 2**31 - 1
"""gRPC's own end."""
_MOST_RETRIES = 100


@dataclass(frozen=True, kw_only=True)
class Tls:
    """How the server is known, and this client to it: paths of PEM files."""

    root_certificates: Path | None = None
    """Whose certificates are trusted; without it, those that gRPC trusts by default."""
    certificate: Path | None = None
    """This client's own, with `key`, where the server asks for one."""
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InvalidInputError(
                "A client's certificate and its key come together: give both, or neither.", field="tls"
            )

    def credentials(self) -> grpc.ChannelCredentials:
        """Return gRPC's credentials; InvalidInputError where a file cannot be read."""
        return grpc.ssl_channel_credentials(
            root_certificates=_read("root_certificates", self.root_certificates),
            private_key=_read("key", self.key),
            certificate_chain=_read("certificate", self.certificate),
        )


@dataclass(frozen=True)
class Endpoint:
    """A server's address, and how to speak to it."""

    address: str = ADDRESS
    """host:port, or a target as gRPC writes it, such as unix:/run/inspector.sock."""
    _: KW_ONLY
    tls: Tls | None = None
    """Without it the connection is not encrypted."""
    token: str | None = field(default=None, repr=False)
    """Goes with each call as `authorization: Bearer ...`. Without TLS it can be read on the way."""
    timeout: float | None = TIMEOUT
    """Seconds that a call may take; None for no end."""
    max_message_bytes: int = MAX_MESSAGE_BYTES
    """One request or response."""
    retries: int = RETRIES
    """How many times a call comes again where the server is busy, or is lost and nothing is done twice; 0 for never."""
    keepalive_seconds: float | None = KEEPALIVE_SECONDS
    """While calls run and nothing comes, the server is asked so often whether it is still there; None for never."""
    balancing: Balancing = "pick_first"
    """Of the addresses that a name has: "pick_first", all calls to the first that answers; "round_robin", in turn."""
    compression: Compression = "none"
    """Of what is sent: "gzip" for slow lines and arrays; pictures as files are compressed already."""

    def __post_init__(self) -> None:
        _require_address(self.address)
        if self.tls is not None and not isinstance(self.tls, Tls):
            raise InvalidInputError(f"tls is {in_brief(self.tls, long='a {}')}; give a Tls.", field="tls")
        if self.token is not None and not re.fullmatch(r"[!-~]+", require_text(self.token, field="token")):
            raise InvalidInputError(
                "The token must be printable ASCII without spaces, and not empty.", field="token"
            )
        object.__setattr__(self, "timeout", as_timeout(self.timeout))
        if self.timeout is not None and not self.timeout > 0:
            raise InvalidInputError(f"The timeout is {self.timeout} s; it must be positive.", field="timeout")
        size = as_integer(self.max_message_bytes)
        if size is None or not 0 < size <= _MOST_MESSAGE_BYTES:
            raise InvalidInputError(
                f"max_message_bytes is {in_brief(self.max_message_bytes, long='a {}')}; allowed is 1 to "
                f"{_MOST_MESSAGE_BYTES:,}.",
                field="max_message_bytes",
            )
        object.__setattr__(self, "max_message_bytes", size)
        retries = as_integer(self.retries)
        if retries is None or not 0 <= retries <= _MOST_RETRIES:
            raise InvalidInputError(
                f"retries is {in_brief(self.retries, long='a {}')}; allowed is 0 to {_MOST_RETRIES}.",
                field="retries",
            )
        object.__setattr__(self, "retries", retries)
        keepalive = as_timeout(self.keepalive_seconds, field="keepalive_seconds")
        if keepalive is not None and not keepalive >= LEAST_KEEPALIVE_SECONDS:
            raise InvalidInputError(
                f"keepalive_seconds is {keepalive:g}; give at least {LEAST_KEEPALIVE_SECONDS:g}, or None for never.",
                field="keepalive_seconds",
            )
        _require_choice(self.balancing, Balancing, field="balancing")
        _require_choice(self.compression, Compression, field="compression")

    @classmethod
    def parse(
        cls,
        address: str | Endpoint,
        *,
        timeout: float | None = TIMEOUT,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        retries: int = RETRIES,
    ) -> Endpoint:
        """Return the endpoint at an address; an endpoint stays as it is."""
        if isinstance(address, Endpoint):
            return address
        return cls(address, timeout=timeout, max_message_bytes=max_message_bytes, retries=retries)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **given: Any) -> Endpoint:
        """Return the endpoint of INSPECTOR_SERVER (host:port) and INSPECTOR_TOKEN; what is given wins."""
        known = {"address": environment.get("INSPECTOR_SERVER"), "token": environment.get("INSPECTOR_TOKEN")}
        return cls(**({name: value for name, value in known.items() if value} | given))

    def options(self) -> list[tuple[str, Any]]:
        """Return the options of a channel of whatever kind."""
        return channel_options(
            max_message_bytes=self.max_message_bytes,
            keepalive_seconds=self.keepalive_seconds,
            balancing=self.balancing,
        )

    def channel(self) -> grpc.Channel:
        """Return a new channel, which connects when first needed."""
        # A stream is read by the thread that asked, not by way of another one: half of its cost.
        options = [*self.options(), (grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1)]
        compression = COMPRESSIONS[self.compression]
        if self.tls is None:
            channel = grpc.insecure_channel(self.address, options=options, compression=compression)
        else:
            channel = grpc.secure_channel(
                self.address, self.tls.credentials(), options=options, compression=compression
            )
        return channel if self.token is None else grpc.intercept_channel(channel, _Bearer(self.token))


class _Details(NamedTuple):
    """What gRPC asks of the details of a call."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class _Bearer(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds the token to every call. As call credentials gRPC would send it over TLS only, never to the loopback."""

    def __init__(self, token: str) -> None:
        self._metadatum = ("authorization", f"Bearer {token}")

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
                (*(details.metadata or ()), self._metadatum),
                details.credentials,
                details.wait_for_ready,
                details.compression,
            ),
            request,
        )


def _require_choice(value: object, choices: Any, *, field: str) -> None:
    """Raise InvalidInputError for what is not among the words of a Literal."""
    if not isinstance(value, str) or value not in get_args(choices):
        raise InvalidInputError(
            f"{field} is {in_brief(value)}; allowed: {', '.join(get_args(choices))}.",
            reason="UNKNOWN_ENUM",
            field=field,
        )


def _require_address(address: str) -> None:
    require_text(address, field="address")
    if address.startswith(_OTHER_TARGETS):
        return
    found = _HOST_AND_PORT.fullmatch(address)
    if found is None or not 0 < int(found["port"]) <= _MAX_PORT:
        raise InvalidInputError(
            f"The server's address is {address[:200]!r}; it must be host:port, such as {ADDRESS} or [::1]:50051, "
            "without http:// and without a path.",
            field="address",
        )


def _read(name: str, path: Path | None) -> bytes | None:
    if path is None:
        return None
    if not isinstance(path, str | PathLike):
        raise InvalidInputError(
            f"tls.{name} is {in_brief(path, long='a {}')}; give the path of a PEM file.", field=f"tls.{name}"
        )
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidInputError(
            f"The file {str(path)[:200]!r} cannot be read: {reason}. Give a PEM file.", field=f"tls.{name}"
        ) from error
    if b"-----BEGIN " not in data:  # gRPC would only say that nobody answers
        raise InvalidInputError(f"The file {str(path)[:200]!r} holds no PEM.", field=f"tls.{name}")
    return data
