"""Exit codes: each is documented, and each can be seen; whoever stops reading or presses Ctrl-C gets no story."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.cli.exits import (
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_LATE,
    EXIT_MODEL,
    EXIT_PIPE_CLOSED,
    EXIT_USAGE,
    MEANINGS,
    exit_code,
)
from inspector.errors import (
    BusyError,
    CancelledError,
    ConflictError,
    DeadlineExceededError,
    DeviceError,
    EngineError,
    InspectorError,
    InvalidInputError,
    InvalidModelError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    ServerUnavailableError,
    UnauthenticatedError,
    UnsupportedOperatorError,
)
from tests.cli.conftest import Place
from tests.support.command import Command
from tests.support.patience import PATIENCE

DOCUMENTED = Path(__file__).parents[2] / "docs" / "command-line.md"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidModelError("…"), EXIT_MODEL),
        (UnsupportedOperatorError("…"), EXIT_MODEL),
        (NotFoundError("…", reason="MODEL_NOT_FOUND"), EXIT_MODEL),
        (ConflictError("…", reason="MODEL_NOT_LOADED"), EXIT_MODEL),
        (LimitExceededError("…", field="max_bytes"), EXIT_MODEL),
        (LimitExceededError("…", reason="MODEL_TOO_LARGE", field="model"), EXIT_MODEL),
        (LimitExceededError("…", field="images[3]"), EXIT_USAGE),
        (LimitExceededError("…", reason="RESPONSE_TOO_LARGE"), EXIT_USAGE),
        (NotFoundError("…", reason="LAYER_NOT_FOUND"), EXIT_USAGE),
        (InvalidInputError("…"), EXIT_USAGE),
        (DeviceError("…"), EXIT_USAGE),
        (UnauthenticatedError("…"), EXIT_USAGE),
        (PermissionDeniedError("…"), EXIT_USAGE),
        (BusyError("…"), EXIT_INTERNAL),
        (LimitExceededError("…", reason="STORAGE_FULL"), EXIT_INTERNAL),
        (ServerUnavailableError("…"), EXIT_INTERNAL),
        (EngineError("…"), EXIT_INTERNAL),
        (DeadlineExceededError("…"), EXIT_LATE),
        (CancelledError("…"), EXIT_INTERRUPTED),
    ],
    ids=repr,
)
def test_the_code_of_an_error(error: InspectorError, code: int) -> None:
    assert exit_code(error) == code


def test_the_page_and_the_help_have_the_same_table(inspector: Command) -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", DOCUMENTED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {int(code): words for code, words in rows} == dict(MEANINGS)
    told = " ".join(inspector("--help").out.split())
    assert all(f"{code} {words}" in told for code, words in MEANINGS.items())


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "inspector.cli.main", *map(str, words)]


def test_a_reader_that_leaves_ends_it_quietly(place: Place) -> None:
    words = command("attribute", place.model, *[place.images] * 40, "-m", "gradient_x_input", "--json")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(2)
        process.stdout.close()
        assert process.wait(PATIENCE) in (-signal.SIGPIPE, EXIT_PIPE_CLOSED)
        told = process.stderr.read().decode().splitlines()
        assert all(line.startswith("note: ") for line in told)


def test_ctrl_c_ends_it_quietly(place: Place) -> None:
    words = command(
        "attribute", place.model, place.image, "-m", "rise", "--option", "masks=3000000", "--timeout", 900
    )
    script = (
        "import signal, sys, threading; from inspector.cli.main import main; from inspector.face import local;"
        # A shell that runs the suite in the background lets it, and so this, ignore the signal.
        "signal.signal(signal.SIGINT, signal.default_int_handler); ask = local.LocalBackend.ask;"
        "local.LocalBackend.ask = lambda *given: (threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start(),"
        " ask(*given))[1];"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words[3:]], capture_output=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_INTERRUPTED, b"", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_line(place: Place) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("layers", place.model), stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert done.returncode == EXIT_INTERNAL
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr
