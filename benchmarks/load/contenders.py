"""What is put under load: the library in a process of its own, and servers."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

import inspector
from benchmarks.attacks.server import ServerProcess, own_folder
from inspector import Model
from inspector.client import Client

ZOO = Path(os.environ.get("INSPECTOR_ZOO", Path(__file__).parents[3] / "shared" / "zoo"))
MODELS: Mapping[str, str] = {
    "squeezenet": "derived_squeezenet1.0_fp32.onnx",
    "mobilenetv2": "derived_mobilenetv2_fp32_op15.onnx",
}
"""Files of the zoo, by the ids that the models get."""


@dataclass(frozen=True)
class Contender:
    """One thing that is put under load."""

    name: str
    settings: Mapping[str, object] | None
    """Of a server; None for the library."""
    environment: Mapping[str, str] = field(default_factory=dict)
    module: tuple[str, ...] = ("inspector", "serve")


class Subject:
    """One that is open: callers get their models of it, and its memory is looked at."""

    def __init__(self, server: ServerProcess | None) -> None:
        self._server = server
        self._local: dict[str, Model] = {}

    @contextmanager
    def caller(self) -> Iterator[Mapping[str, Model]]:
        """Give one caller's models by name: over a connection of its own, or those of this process."""
        if self._server is None:
            for name, file in MODELS.items():
                if name not in self._local:
                    self._local[name] = inspector.load(ZOO / "models" / file, device="cpu")
            yield self._local
            return
        with Client(self._server.address) as client:
            yield {name: client.model(name) for name in MODELS}

    def processes(self) -> list[psutil.Process]:
        """Return the processes that do the work."""
        return [psutil.Process()] if self._server is None else self._server.processes()

    def memory(self) -> int:
        """Return the bytes that they have together, each page once."""
        return self._sum(lambda process: process.memory_full_info().pss)

    def descriptors(self) -> int:
        """Return the descriptors that they have together."""
        return self._sum(lambda process: process.num_fds())

    def threads(self) -> int:
        """Return the threads that they have together."""
        return self._sum(lambda process: process.num_threads())

    @property
    def address(self) -> str:
        """That of the server."""
        assert self._server is not None
        return self._server.address

    def _sum(self, of: Callable[[psutil.Process], int]) -> int:
        total = 0
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                total += of(process)
        return total


@contextmanager
def opened(contender: Contender) -> Iterator[Subject]:
    """Start it, with all models loaded; end it afterwards."""
    if contender.settings is None:
        yield Subject(None)
        return
    with own_folder() as folder:
        for name, file in MODELS.items():
            place = folder / "models" / name
            place.mkdir(parents=True)
            shutil.copy(ZOO / "models" / file, place / "model.onnx")
        server = ServerProcess(
            folder,
            settings={"load": "*", **contender.settings},
            environment=contender.environment,
            module=contender.module,
        )
        try:
            yield Subject(server)
        finally:
            server.stop()
