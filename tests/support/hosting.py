"""The models of a server without a server: what is loaded is, in stubs of workers where there are any."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.service.gate import Gate
from inspector.service.health import Health
from inspector.service.hosting import Models
from inspector.service.repository import Repository
from inspector.service.security.caller import OPEN, acting_as
from inspector.service.settings import Settings


@dataclass(frozen=True)
class Hosting:
    """The models, and what they stand between."""

    models: Models
    repository: Repository
    health: Health


@contextmanager
def hosting(folder: Path, *, pool: Any = None, sandbox: Any = None, **settings: Any) -> Iterator[Hosting]:
    """Give the models of a folder, none of which is loaded, to a block in which the server itself calls."""
    repository = Repository(folder)
    health = Health((), watchers=Gate("watchers", running=1, waiting=0))
    models = Models(repository, pool=pool, sandbox=sandbox, health=health, settings=Settings(**settings))
    try:
        with acting_as(OPEN):
            yield Hosting(models, repository, health)
    finally:
        repository.close()


def put(folder: Path, data: bytes = b"") -> None:
    """Put a file of a model into a folder, which may be there."""
    folder.mkdir(exist_ok=True)
    (folder / "net.onnx").write_bytes(data)
