"""The tour: a model goes to the service, and the service is asked for all that a report shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from inspector.client import Client
from inspector.errors import InvalidModelError
from inspector.report.subjects import Subject
from inspector.report.write import Written, write_report

NAME = "demo"
LEAD = (
    "Every picture here was computed by the inspection service from the exported ONNX file alone, and asked for over "
    "gRPC."
)

_console = Console()


def tour(client: Client, path: Path, photographs: Sequence[Subject], *, repository: Path) -> Written:
    """Bring a model to the service whose folder `repository` is, ask for everything, and return the page."""
    with _step(f"bringing {path.name} to the service"):
        _bring(client, path, repository)
    return write_report(
        client.model(NAME),
        photographs,
        collection=client.collection(NAME),
        title=path.name,
        lead=LEAD,
        step=_step,
    )


def _bring(client: Client, path: Path, repository: Path) -> None:
    """Upload a file; a model of several files, which no upload takes, is put into the service's folder."""
    if not path.is_dir():
        try:
            client.upload(path, name=NAME)
        except InvalidModelError:
            if not _lies_with_others(path):
                raise
        else:
            return
    _copy(path, repository / NAME)
    client.register(NAME)


def _lies_with_others(path: Path) -> bool:
    """Return whether there are files beside a model that may be its data."""
    return path.suffix == ".onnx" and path.is_file() and any(_beside(path))


def _beside(path: Path) -> Iterator[Path]:
    return (one for one in path.parent.iterdir() if one.is_file() and one.suffix != path.suffix)


def _copy(path: Path, folder: Path) -> None:
    """Copy a model's folder, or one of the models in a folder with what else lies there."""
    if path.is_dir():
        shutil.copytree(path, folder)
        return
    folder.mkdir()
    for one in (path, *_beside(path)):
        shutil.copy(one, folder)


@contextmanager
def _step(what: str) -> Iterator[None]:
    with _console.status(what):
        yield
    _console.print(f"✓ {what}", highlight=False)
