"""`inspector upload`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.options import Json, ServiceOptions
from inspector.cli.output import progress_bar
from inspector.cli.parameters import grouped
from inspector.cli.served import service, show
from inspector.cli.texts import read_labels, read_preprocessing


@grouped
def upload(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .onnx file, weights inside.")],
    *,
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="Its name on the service; default: the file's.")
    ] = None,
    preprocessing: Annotated[
        str | None,
        typer.Option(
            "--preprocessing",
            metavar="PRESET|JSON",
            help="Kept with it: a preset such as imagenet, JSON, or @file.json.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="FILE", help="Kept with it: the names of the classes, one per line, or JSON."
        ),
    ] = None,
    where: ServiceOptions,
    as_json: Json = False,
) -> None:
    """Send a model to a service, and load it there."""
    given, names = read_preprocessing(preprocessing), read_labels(labels)
    with (
        service(where) as client,
        progress_bar(f"uploading {file.name}", as_json=as_json, unit="bytes") as progress,
    ):
        found = client.upload(
            file,
            name=name,
            preprocessing=given,
            labels=names,
            progress=progress,
            timeout=where.seconds_left,
        )
    show(found, as_json=as_json)
