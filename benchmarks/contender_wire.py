"""The same prediction over gRPC on the loopback and in process: the difference is gRPC's share of a call."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import inspector
from benchmarks import protocol
from benchmarks.models import model_named
from inspector.client import Client


def open_contender(name: str, _threads: int) -> protocol.Contender:
    """Start a server in a process of its own, load the model there and here, and return the two calls."""
    spec = model_named(name)
    repository = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, repository)
    (repository / "measured").mkdir()
    shutil.copy(spec.path, repository / "measured" / "model.onnx")
    server = subprocess.Popen(
        [sys.executable, "-m", "inspector.service"],
        env={
            **os.environ,
            "INSPECTOR_ADDRESS": "127.0.0.1:0",
            "INSPECTOR_REPOSITORY": str(repository),
            "INSPECTOR_DEVICE": "cpu",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.wait)
    atexit.register(server.terminate)
    assert server.stdout is not None
    client = Client(server.stdout.readline().strip())
    client.register("measured")
    remote = client.model("measured")
    local = inspector.load(spec.path, device="cpu")
    x = protocol.image(spec.side)

    def best(model: Any) -> np.ndarray:
        return np.array([score.score for score in model.predict(x)[0].classes])

    return {"remote": lambda: best(remote), "local": lambda: best(local)}


if __name__ == "__main__":
    protocol.serve(open_contender)
