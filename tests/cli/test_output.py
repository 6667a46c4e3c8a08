"""What goes to stderr: notes, and a bar where somebody looks."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from inspector.cli import output
from inspector.cli.output import progress_bar, say_notes
from tests.cli.conftest import Place
from tests.support.command import Command

RISE = ("-m", "rise", "--option", "masks=600", "--option", "cells=4")


@pytest.mark.parametrize(
    ("options", "is_shown"),
    [(RISE, True), ((*RISE, "--json"), False), (("-m", "saliency"), False)],
    ids=["many steps", "JSON", "one step"],
)
def test_a_bar_is_shown_on_a_terminal_for_methods_of_many_steps(
    place: Place, options: tuple[str, ...], is_shown: bool
) -> None:
    command = [sys.executable, "-m", "inspector.cli.main", "attribute", place.model, place.image, *options]
    seen = on_a_terminal([*map(str, command)])
    assert ("600/600" in seen) == is_shown
    assert "Traceback" not in seen


def test_no_bar_is_shown_in_a_pipe(inspector: Command, place: Place) -> None:
    found = inspector("attribute", place.model, place.image, *RISE)
    assert found.code == 0
    assert found.told == []
    with progress_bar("working", as_json=False) as progress:
        assert progress is None


def test_a_bar_starts_when_it_is_told_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open("w") as nowhere:
        monkeypatch.setattr(output, "_err", Console(file=nowhere, force_terminal=True))
        with progress_bar("working", as_json=False) as progress:
            assert progress is not None
            progress(1, 3)
            progress(3, 3)
        with progress_bar("working", as_json=True) as progress:
            assert progress is None


def test_notes_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say_notes(["3 values [of 8] are not finite", "runs are per image"])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["note: 3 values [of 8] are not finite", "note: runs are per image"]


def on_a_terminal(command: list[str]) -> str:
    """Return what a command writes to stderr when that is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b"".join(chunks(ours))
        os.close(ours)
    assert process.returncode == 0
    return seen.decode()


def chunks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, 4096)
        except OSError:  # Linux ends a terminal that nobody holds any more with an error
            return
        if not chunk:
            return
        yield chunk
