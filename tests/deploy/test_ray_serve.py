"""The example for Ray Serve, on two nodes of this machine, in the environment that `make ray` makes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-ray" / "bin" / "python"


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason="no Ray: `make ray` installs it into .venv-ray")
def test_two_nodes_answer_as_one_process_and_one_alone_goes_on(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    shutil.copy(ROOT / "demo/model/demo.onnx", tmp_path / "demo")
    photograph = ROOT / "demo/photos/cat.jpg"
    program = [str(PYTHON), "-m", "deploy.ray_serve.two_nodes", str(tmp_path), "demo", str(photograph)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["nodes"] == 2
    assert found["classes"] == "same"
    assert found["map_difference"] < 1e-4
    assert found["refusal"] == "NotFoundError"
    assert found["failed_after_loss"] <= 1  # a call that ran on the node that left
