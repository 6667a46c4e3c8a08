"""A service of the demo's own, on a free port, with an empty repository."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspector.errors import EngineError


@contextmanager
def running_server() -> Iterator[tuple[str, Path]]:
    """Start `inspector serve` and give its address and the folder of its models; end it on leaving."""
    with tempfile.TemporaryDirectory(prefix="inspector-demo-") as folder:
        log = Path(folder) / "server.log"
        command = [sys.executable, "-m", "inspector.cli.main", "serve", "--address", "127.0.0.1:0"]
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [*command, "--repository", f"{folder}/models"],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith("serving on "):
                process.wait(timeout=10)
                raise EngineError(f"The service did not start:\n{log.read_text()}")
            yield line.removeprefix("serving on ").strip(), Path(folder) / "models"
        finally:
            process.terminate()
            process.wait(timeout=60)
