"""The command line, in this process, and its server in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inspector.cli.main import main


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return stdout, which must be one JSON document on one line, and the command must have gone well."""
        assert self.code == 0, self.err
        assert self.out.count("\n") == 1
        return json.loads(self.out, parse_constant=_refuse)


@dataclass(frozen=True)
class Command:
    """`inspector`, as if typed into a shell."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: object) -> Outcome:
        """Run it to its end."""
        self.monkeypatch.setattr(sys, "argv", ["inspector", *map(str, words)])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = self.capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)


@contextmanager
def serving(repository: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give the process of `inspector serve` on a free port, and the first line that it prints."""
    command = [
        sys.executable,
        "-m",
        "inspector.cli.main",
        "serve",
        "--device",
        "cpu",
        "--log-level",
        "warning",
    ]
    with subprocess.Popen(
        [*command, "--address", "127.0.0.1:0", "--repository", str(repository), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline()
        finally:
            process.kill()


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
