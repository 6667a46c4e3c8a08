"""The same prediction over gRPC on the loopback and in process: the difference is gRPC's share of a call.

And the prediction in process with a bare echo of as many bytes behind it, by gRPC and nothing else: its difference is
the least that a call can add. Behind a prediction, since that leaves cores with other things in their caches.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import grpc
import numpy as np

import inspector
from benchmarks import echo, protocol
from benchmarks.models import model_named
from inspector.client import Client

ANSWER_BYTES = 256
"""About as many as the five best classes take."""


def open_contender(name: str, _threads: int) -> protocol.Contender:
    """Start a server in a process of its own, load the model there and here, and return the two calls."""
    spec = model_named(name)
    repository = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, repository)
    (repository / "measured").mkdir()
    shutil.copy(spec.path, repository / "measured" / "model.onnx")
    client = Client(
        _address_of_server(
            "inspector.service",
            INSPECTOR_ADDRESS="127.0.0.1:0",
            INSPECTOR_REPOSITORY=str(repository),
            INSPECTOR_DEVICE=protocol.device(),
        )
    )
    client.register("measured")
    remote = client.model("measured")
    local = inspector.load(spec.path, device=protocol.device())
    x = protocol.image(spec.side)
    channel = grpc.insecure_channel(_address_of_server("benchmarks.echo", str(ANSWER_BYTES)))
    bare: Any = channel.unary_unary(echo.METHOD)
    sent = x.tobytes()

    def best(model: Any) -> np.ndarray:
        return np.array([score.score for score in model.predict(x)[0].classes])

    def echoed() -> np.ndarray:
        found = best(local)
        bare(sent)
        return found

    return {"remote": lambda: best(remote), "local": lambda: best(local), "echoed": echoed}


def _address_of_server(module: str, *arguments: str, **environment: str) -> str:
    """Start a server in a process of its own, which ends with this one; return the address that it prints."""
    server = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.wait)
    atexit.register(server.terminate)
    assert server.stdout is not None
    return server.stdout.readline().strip()


if __name__ == "__main__":
    protocol.serve(open_contender)
