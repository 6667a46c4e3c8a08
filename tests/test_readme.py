"""The README's examples run as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.server import running_server

ROOT = Path(__file__).parents[1]
IN_PYTHON, WITH_OPTIONS, MADE, AS_CLIENT = re.findall(
    r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
)


def run(example: str, folder: Path) -> str:
    (folder / "demo").symlink_to(ROOT / "demo")
    done = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_in_python(tmp_path: Path) -> None:
    printed = run(IN_PYTHON, tmp_path)
    assert "label='cat'" in printed
    assert "(1, 3, 96, 96)" in printed


def test_the_example_with_options(tmp_path: Path) -> None:
    printed = run(WITH_OPTIONS, tmp_path)
    assert "'integrated_gradients'" in printed
    assert "elements of relu1[5, 0:8" in printed


def test_the_example_of_images_that_are_made(tmp_path: Path) -> None:
    printed = run(MADE, tmp_path)
    assert "relu4" in printed
    assert (tmp_path / "rocket-as-it-knows-it.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "figure-2.png").read_bytes().startswith(b"\x89PNG")
    assert "deletion" in (tmp_path / "judged.html").read_text(encoding="utf-8")


def test_the_example_as_a_client(tmp_path: Path) -> None:
    with running_server(tmp_path / "models") as server:
        printed = run(AS_CLIENT.replace("127.0.0.1:50051", server.address), tmp_path)
    assert "Neighbor" in printed
    assert (tmp_path / "projection.png").read_bytes().startswith(b"\x89PNG")
