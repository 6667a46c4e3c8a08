"""ONNX Runtime tells nobody what runs here, whatever the environment says: it keeps no files, and has no thread."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.small_cnn import small_cnn

LOAD = """
import os, sys
import inspector
model = inspector.load(sys.argv[1], device="cpu")
print(len(model.layers()), os.environ["ORT_DISABLE_TELEMETRY"])
"""


def files_after(program: str, home: Path, *arguments: str, **environment: str) -> list[Path]:
    """Run a program with a home of its own; return the files that it left there."""
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**kept, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), **environment},
        check=True,
        timeout=300,
    )
    return [path for path in home.rglob("*") if path.is_file() and "onnxruntime" in str(path)]


@pytest.mark.parametrize("environment", [{}, {"ORT_DISABLE_TELEMETRY": "0"}])
def test_a_loaded_model_leaves_nothing_at_home(tmp_path: Path, environment: dict[str, str]) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(small_cnn())
    assert files_after(LOAD, tmp_path / "home", str(model), **environment) == []
