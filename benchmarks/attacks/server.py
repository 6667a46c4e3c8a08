"""A server in processes of its own, watched: its memory, threads, descriptors and what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO

import psutil

from inspector.service.settings import Settings

MOST_BYTES = 6 << 30
"""Where a server's processes have more memory together, they are killed: the probe has succeeded."""

_TICK = 0.05


@dataclass(frozen=True)
class Stats:
    """What the processes of a server hold."""

    memory: int
    """Bytes of resident memory, all processes together; pages that several share count in each."""
    threads: int
    descriptors: int
    processes: int


class ServerProcess:
    """`inspector serve` with a folder, a TMPDIR and an environment of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, object] | None = None,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        descriptors: int | None = None,
        module: Sequence[str] = ("inspector", "serve"),
        patience: float = 90,
    ) -> None:
        """Start it, and wait until it serves; RuntimeError with the end of its log where it does not."""
        self.folder = folder
        self.repository = folder / "models"
        self.temporary = folder / "tmp"
        self.log = folder / "log.txt"
        for made in (self.repository, self.temporary):
            made.mkdir(parents=True, exist_ok=True)
        self._log = self.log.open("ab")
        command = [*prefix, sys.executable, "-m", *module]
        if descriptors is not None:
            command = ["prlimit", f"--nofile={descriptors}:{descriptors}", *command]
        self.process = subprocess.Popen(
            command,
            env=self._environment(settings or {}) | dict(environment or {}),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self.address = self._first_line(patience).removeprefix("serving on ")
        self.peak = 0
        self.killed_at: int | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _environment(self, settings: Mapping[str, object]) -> dict[str, str]:
        given = {"address": "127.0.0.1:0", "device": "cpu", "repository": self.repository} | dict(settings)
        known = {field.name for field in fields(Settings)}
        told = {f"INSPECTOR_{name.upper()}": str(value) for name, value in given.items() if name in known}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("INSPECTOR_")}
        return inherited | {"TMPDIR": str(self.temporary)} | told

    def _first_line(self, patience: float) -> str:
        assert self.process.stdout is not None
        found: list[str] = []

        def read(stream: IO[bytes]) -> None:
            found.append(stream.readline().decode().strip())

        reader = threading.Thread(target=read, args=(self.process.stdout,), daemon=True)
        reader.start()
        reader.join(patience)
        if not found or not found[0]:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self._log.close()
            raise RuntimeError(f"The server did not start: {self.log.read_text(errors='replace')[-500:]}")
        return found[0]

    @property
    def alive(self) -> bool:
        """Whether the process that was started still runs."""
        return self.process.poll() is None

    def processes(self) -> list[psutil.Process]:
        """Return the server and all its descendants."""
        try:
            server = psutil.Process(self.process.pid)
            return [server, *server.children(recursive=True)]
        except psutil.Error:
            return []

    def stats(self) -> Stats:
        """Return what the processes hold now."""
        total = dict.fromkeys(("memory", "threads", "descriptors", "processes"), 0)
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                total["memory"] += process.memory_info().rss
                total["threads"] += process.num_threads()
                total["descriptors"] += process.num_fds()
                total["processes"] += 1
        return Stats(**total)

    def children(self) -> list[int]:
        """Return the ids of the descendants."""
        return [process.pid for process in self.processes()[1:]]

    def _watch(self) -> None:
        while not self._ended.wait(_TICK):
            memory = 0
            processes = self.processes()
            for process in processes:
                with contextlib.suppress(psutil.Error):
                    memory += process.memory_info().rss
            self.peak = max(self.peak, memory)
            if memory > MOST_BYTES:
                self.killed_at = memory
                for process in processes:
                    with contextlib.suppress(psutil.Error):
                        process.kill()
                return

    def stop(self, how: signal.Signals = signal.SIGTERM, *, patience: float = 40) -> int | None:
        """End it, and return its exit code; None where it did not end and had to be killed."""
        self._ended.set()
        children = self.processes()
        ended = True
        if self.alive:
            self.process.send_signal(how)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                ended = False
                self.process.kill()
                self.process.wait()
        for process in children:  # none must be left to the machine, whatever the probe found
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._log.close()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.returncode if ended else None


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Give a folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="attack-", dir=os.environ.get("ATTACK_FOLDER")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def left_in(folder: Path) -> list[str]:
    """Return the names of what lies in a folder, if there is one."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def alive(pids: Sequence[int]) -> list[int]:
    """Return those of the processes that still run; a zombie does not."""
    found = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


def difference(before: Stats, after: Stats) -> dict[str, int]:
    """Return what is held more than before."""
    return {name: value - asdict(before)[name] for name, value in asdict(after).items()}
