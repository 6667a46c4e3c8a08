"""`inspector load`."""

from __future__ import annotations

from typing import Annotated

import typer

from inspector.cli.options import Json, ServiceOptions
from inspector.cli.parameters import grouped
from inspector.cli.served import ServedName, service, show
from inspector.cli.texts import read_preprocessing


@grouped
def load(
    name: ServedName,
    *,
    preprocessing: Annotated[
        str | None,
        typer.Option(
            "--preprocessing",
            metavar="PRESET|JSON",
            help="Until it is unloaded: a preset such as imagenet, JSON, or @file.json.",
        ),
    ] = None,
    where: ServiceOptions,
    as_json: Json = False,
) -> None:
    """Make a model of a service ready to answer."""
    given = read_preprocessing(preprocessing)
    with service(where) as client:
        found = client.load(name, preprocessing=given, timeout=where.seconds_left)
    show(found, as_json=as_json)
