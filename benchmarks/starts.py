"""What a process takes before it does anything: the imports."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.models import ROOT

STARTS: dict[str, Sequence[str]] = {
    "Python alone": ("-c", "pass"),
    "numpy, onnx, onnxruntime": ("-c", "import numpy, onnx, onnxruntime"),
    "`inspector.client`": ("-c", "import inspector.client"),
    "`inspector.load`": ("-c", "import inspector; inspector.load"),
    "`inspector --help`": ("-m", "inspector", "--help"),
}
"""What is started: arguments of Python, by name."""

TIMES = 7


def measure_starts(python: Path) -> dict[str, dict[str, float]]:
    """Return the seconds of each start, in turn: of CPU (least and median), and on the clock (median)."""
    with tempfile.TemporaryDirectory() as cache:
        # Byte code is kept, as where the package is installed, whatever this process was told.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for arguments in STARTS.values():
            _start(python, arguments, environment)
        turns = [
            {name: _start(python, arguments, environment) for name, arguments in STARTS.items()}
            for _ in range(TIMES)
        ]
    found = {}
    for name in STARTS:
        cpu, clock = zip(*(turn[name] for turn in turns), strict=True)
        found[name] = {"cpu_min": min(cpu), "cpu": statistics.median(cpu), "clock": statistics.median(clock)}
    return found


def _start(python: Path, arguments: Sequence[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return the seconds of CPU and on the clock that one process takes."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([python, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return cpu, time.perf_counter() - began
