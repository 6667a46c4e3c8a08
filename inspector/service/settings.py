"""What a server can be told when it starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from inspector.errors import InvalidInputError

MIB = 2**20
GIB = 2**30
PREFIX = "INSPECTOR_"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one server; each can be given as the environment variable INSPECTOR_<NAME>."""

    address: str = "127.0.0.1:50051"
    """host:port; port 0 takes a free one. There is no TLS here: leave the loopback only behind a proxy."""
    repository: Path = Path("models")
    """The folder of the models; created when absent. One server per folder."""
    load: str = ""
    """Ids of the models to load at the start, separated by commas; "*" for all."""
    device: str = "auto"
    """"auto", "cpu", "cuda" or "cuda:N"."""
    workers: int = 4
    """Threads that run models, for all models together."""
    running_per_model: int = 2
    """Calls of one model that run at once."""
    waiting_per_model: int = 32
    """Calls of one model that wait for their turn; more are refused and told to come again."""
    max_call_seconds: float = 600.0
    """The longest that a call may take, whatever deadline it came with."""
    max_message_bytes: int = 64 * MIB
    """One request or response."""
    max_concurrent_rpcs: int = 2048
    """Calls and open streams of all callers together."""
    max_streams_per_connection: int = 256
    """Calls and open streams of one connection."""
    max_images: int = 256
    """Images, items or queries in one request."""
    max_models: int = 100
    """Models in the repository."""
    max_upload_bytes: int = 2 * GIB - 1
    """One uploaded file; a protobuf ends at 2 GiB."""
    max_uploads: int = 4
    """Uploads at once."""
    upload_stall_seconds: float = 30.0
    """The longest pause between two messages of an upload."""
    sandbox_seconds: float = 120.0
    """The longest that parsing and first running a new model may take."""
    sandbox_memory_bytes: int = 16 * GIB
    """Address space of the process that does so."""
    collections_bytes: int = GIB
    """Memory for all collections together."""
    drain_seconds: float = 20.0
    """How long running calls may go on after SIGTERM."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, (int, float)):
                continue
            if value < 0 or (value == 0 and field.name not in _MAY_BE_ZERO):
                raise InvalidInputError(f"{field.name} is {value}; it must be positive.", field=field.name)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Return the defaults, changed by the variables INSPECTOR_<NAME>; InvalidInputError where one is off."""
        defaults = cls()
        given: dict[str, Any] = {}
        for field in fields(cls):
            variable = PREFIX + field.name.upper()
            if variable not in environment:
                continue
            text = environment[variable]
            try:
                given[field.name] = type(getattr(defaults, field.name))(text)
            except ValueError as error:
                raise InvalidInputError(
                    f"{variable} is {text!r}; it must be a number.", field=field.name
                ) from error
        return replace(defaults, **given)


_MAY_BE_ZERO = frozenset({"waiting_per_model", "drain_seconds"})
