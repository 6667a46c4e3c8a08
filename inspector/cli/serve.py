"""`inspector serve`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from inspector.cli.engine import engine_needed
from inspector.cli.output import say


class LogLevel(StrEnum):
    """How much the server tells on stderr."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How it is told."""

    TEXT = "text"
    JSON = "json"


def serve(
    address: Annotated[
        str | None,
        typer.Option("--address", help="host:port; port 0 takes a free one. [default: 127.0.0.1:50051]"),
    ] = None,
    repository: Annotated[
        Path | None, typer.Option("--repository", help="The folder of the models. [default: models]")
    ] = None,
    load: Annotated[
        str | None,
        typer.Option(
            "--load",
            metavar="ID,ID…",
            help='Models that must be loaded before it serves; "*" for all that can be.',
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="auto, cpu, cuda or cuda:N. [default: auto]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Threads that run models. [default: 4]")
    ] = None,
    insecure: Annotated[
        bool | None,
        typer.Option(
            "--insecure",
            help="Leave the loopback without TLS, or without knowing who calls: where a proxy sees to that.",
        ),
    ] = None,
    log_level: Annotated[LogLevel, typer.Option("--log-level", help="What goes to stderr.")] = LogLevel.INFO,
    log_format: Annotated[
        LogFormat | None,
        typer.Option("--log-format", help="Lines for people, or one JSON object each. [default: text]"),
    ] = None,
) -> None:
    """Serve models over gRPC until SIGTERM or Ctrl-C, then drain.

    Every setting can be given as an environment variable INSPECTOR_<NAME> too (docs/service.md lists them).
    """
    given: dict[str, Any] = {
        "address": address,
        "repository": repository,
        "load": load,
        "device": device,
        "workers": workers,
        "insecure": insecure,
        "log_format": None if log_format is None else log_format.value,
    }
    with engine_needed():
        # Only a server pays for the import of one: it takes longer than the help of the other verbs may.
        from inspector.service.logs import start_log  # noqa: PLC0415
        from inspector.service.server import serve as run_server  # noqa: PLC0415
        from inspector.service.settings import Settings  # noqa: PLC0415
    settings = Settings.from_environment(
        **{name: value for name, value in given.items() if value is not None}
    )
    start_log(log_level.value, settings.log_format)
    run_server(settings, ready=lambda bound: say(f"serving on {bound}"))
