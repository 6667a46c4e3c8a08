"""One version, told by the package, by the command and by `python -m`."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import inspector


def test_it_is_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", inspector.__version__)


@pytest.mark.parametrize("module", ["inspector", "inspector.cli.main"])
def test_the_command_tells_it(module: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", module, "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (found.returncode, found.stdout) == (0, f"inspector {inspector.__version__}\n"), found.stderr
