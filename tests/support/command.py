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
from tests.support.process import python_process


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

    @property
    def told(self) -> list[str]:
        """The lines of stderr that are no notes."""
        return [line for line in self.err.splitlines() if not line.startswith("note: ")]


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
    words = ("serve", "--device", "cpu", "--log-level", "warning", "--address", "127.0.0.1:0")
    with python_process(
        "-m", "inspector.cli.main", *words, "--repository", str(repository), *options
    ) as started:
        yield started


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
