"""Where a server is and how it is spoken to: what a client, a health check and a command need to know, once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any, cast, get_args

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
from inspector.client.metadata import MetadataInterceptor, Pairs, as_pairs, read_token, require_token
from inspector.client.retries import RETRIES, Attempts
from inspector.client.tls import Tls
from inspector.errors import InvalidInputError, in_brief
from inspector.types.control import Control, Deadline, as_timeout
from inspector.types.given import as_integer, require_text
from inspector.wire.calls import Rpc

ADDRESS = "127.0.0.1:50051"
TIMEOUT = 600.0
MAX_MESSAGE_BYTES = 64 << 20

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+(%\w+)?\]|[^\s:/\[\]]+):(?P<port>\d{1,5})")
_OTHER_TARGETS = ("unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:", "xds:")  # as gRPC writes them
_MAX_PORT = 65_535
_MOST_MESSAGE_BYTES = 2**31 - 1
"""gRPC's own end."""
_MOST_RETRIES = 100

TLS_VARIABLES: Mapping[str, str] = {
    "root_certificates": "INSPECTOR_ROOT_CERTIFICATES",
    "certificate": "INSPECTOR_CLIENT_CERTIFICATE",
    "key": "INSPECTOR_CLIENT_KEY",
    "server_name": "INSPECTOR_SERVER_NAME",
}
"""The environment variables of a Tls, by its parameters."""
VARIABLES = ("INSPECTOR_SERVER", "INSPECTOR_TOKEN", "INSPECTOR_TOKEN_FILE", *TLS_VARIABLES.values())
"""The environment variables of a client."""


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
    token_file: Path | None = None
    """A file that holds the token instead, read for each call: one that is replaced there is used from then on."""
    metadata: Mapping[str, str] | Pairs = field(default=(), repr=False)
    """Goes with each call, too: what a proxy or a log on the way wants to see."""
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
        if self.token is not None:
            require_token(self.token)
        if self.token_file is not None:
            if self.token is not None:
                raise InvalidInputError(
                    "A token comes by itself or in a file: give one of them.", field="token_file"
                )
            read_token(self.token_file)
        object.__setattr__(self, "metadata", as_pairs(self.metadata))
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
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        encrypted: bool = False,
        root_certificates: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        server_name: str | None = None,
        **given: Any,
    ) -> Endpoint:
        """Return the endpoint that the variables of `VARIABLES` describe; what is given wins.

        There is TLS where it is `encrypted`, or any part of a Tls is given or in a variable.
        """
        known: dict[str, Any] = {"address": environment.get("INSPECTOR_SERVER")}
        if not (given.get("token") or given.get("token_file")):
            known |= {"token": environment.get("INSPECTOR_TOKEN")}
            known |= {} if known["token"] else {"token_file": environment.get("INSPECTOR_TOKEN_FILE")}
        parts: dict[str, Any] = {
            "root_certificates": root_certificates,
            "certificate": certificate,
            "key": key,
            "server_name": server_name,
        }
        parts = {name: part or environment.get(TLS_VARIABLES[name]) for name, part in parts.items()}
        chosen = {name: part for name, part in parts.items() if part}
        if encrypted or chosen:
            known["tls"] = Tls(**chosen)
        return cls(**({name: value for name, value in known.items() if value} | given))

    def call_metadata(self) -> Pairs:
        """Return what goes with a call that begins now; InvalidInputError where the token's file cannot be read."""
        token = self.token if self.token_file is None else read_token(self.token_file)
        bearer = () if token is None else (("authorization", f"Bearer {token}"),)
        return (*bearer, *cast("Pairs", self.metadata))  # as which it was kept

    def options(self) -> list[tuple[str, Any]]:
        """Return the options of a channel of whatever kind."""
        made = channel_options(
            max_message_bytes=self.max_message_bytes,
            keepalive_seconds=self.keepalive_seconds,
            balancing=self.balancing,
        )
        return made if self.tls is None else [*made, *self.tls.options()]

    def opened(self, transport: Any, *more: tuple[str, Any]) -> Any:
        """Return a new channel of `grpc` or of `grpc.aio`, with more options; its calls bring no metadata yet."""
        options, compression = [*self.options(), *more], COMPRESSIONS[self.compression]
        if self.tls is None:
            return transport.insecure_channel(self.address, options=options, compression=compression)
        return transport.secure_channel(
            self.address, self.tls.credentials(), options=options, compression=compression
        )

    def attempts(self, rpc: Rpc, control: Control) -> Attempts:
        """Return what says when a call that begins now comes again; a timeout of the control's own wins."""
        seconds = self.timeout if control.timeout is None else control.timeout
        deadline = None if seconds is None else Deadline(seconds)
        return Attempts(retries=self.retries, is_repeatable=rpc.is_repeatable, deadline=deadline)

    def channel(self) -> grpc.Channel:
        """Return a new channel, which connects when first needed."""
        # A stream is read by the thread that asked, not by way of another one: half of its cost.
        channel: grpc.Channel = self.opened(
            grpc, (grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1)
        )
        if self.token is None and self.token_file is None and not self.metadata:
            return channel
        return grpc.intercept_channel(channel, MetadataInterceptor(self.call_metadata))


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
