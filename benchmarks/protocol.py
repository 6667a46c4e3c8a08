"""How the runner talks to the contenders: one process each, one JSON object per line. Standard library and NumPy.

A contender is a module with a function that opens one model and returns its tasks. Its process lives until its
standard input closes. So the contenders can take turns, and each has a peak of memory of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import numpy as np

from benchmarks.models import ROOT

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "INSPECTOR_THREADS")
"""The environment variables that hold each contender to the same number of threads."""

DEVICE = "BENCHMARKS_DEVICE"
"""The environment variable that says where each contender runs: a key of `bare.PROVIDERS`."""

SETTLE_SECONDS = 0.05
"""Before a turn: the threads of the contender that ran before spin on the cores for a while."""

QUICK_SECONDS = 0.2
"""Tasks shorter than this are called before they are timed."""

WARM_SECONDS = 0.05
"""For so long: cores that slept are slow for some milliseconds, which is a large part of a short task."""

METHODS = ("saliency", "deconvnet", "guided")

DENSE = "dense"
"""The task of a dense sweep: of the loop on some of its positions, else on all."""

SAME = ", same answers"
"""What is behind the name of a task that computes the answers of the file as exported, where others are quicker."""

Contender = Mapping[str, Callable[[], "np.ndarray"]]
"""Its tasks by name; each returns its answer for the fixed input."""


def device() -> str:
    """Return where this contender runs."""
    return os.environ.get(DEVICE, "cpu")


def image(side: int) -> np.ndarray:
    """Return the input of all measurements, float32 (1, 3, side, side)."""
    return np.random.default_rng(0).standard_normal((1, 3, side, side)).astype(np.float32)


def serve(open_contender: Callable[[str, int], Contender]) -> None:
    """Open the model named on the command line and obey the runner."""
    name, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints must not break the protocol
    libraries = _peak_mib()
    started = time.perf_counter()
    tasks = open_contender(name, threads)
    opened = time.perf_counter() - started
    _write(answers, {"opened": opened, "libraries_mib": libraries, "tasks": list(tasks)})
    quick: dict[str, bool] = {}
    for line in sys.stdin:
        order = json.loads(line)
        match order["do"]:
            case "run":
                time.sleep(SETTLE_SECONDS)
                task = tasks[order["task"]]
                if quick.get(order["task"], True):
                    _warm(task)
                seconds = [_timed(task) for _ in range(order["calls"])]
                quick[order["task"]] = min(seconds) < QUICK_SECONDS
                _write(answers, {"seconds": seconds})
            case "first":
                _write(answers, {"seconds": _timed(tasks[order["task"]]), "peak_mib": _peak_mib()})
            case "answer":
                np.save(order["path"], tasks[order["task"]]())
                _write(answers, {})
            case "memory":
                _write(answers, {"peak_mib": _peak_mib()})


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _warm(task: Callable[[], object]) -> None:
    end = time.perf_counter() + WARM_SECONDS
    task()
    while time.perf_counter() < end:
        task()


def _timed(task: Callable[[], object]) -> float:
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def _write(stream: IO[str], message: Mapping[str, Any]) -> None:
    stream.write(json.dumps(message) + "\n")
    stream.flush()


class ContenderEndedError(RuntimeError):
    """The process of a contender ended of itself; the message is what it said last."""


@dataclass(frozen=True, kw_only=True)
class First:
    """The first call of a task."""

    seconds: float
    peak_mib: float
    """The largest resident set up to its end."""


class Worker:
    """A contender in a process of its own."""

    def __init__(
        self,
        module: str,
        *,
        python: str | Path,
        model: str,
        threads: int,
        device: str = "cpu",
        environment: Mapping[str, str] = MappingProxyType({}),
        paths: Sequence[Path] = (),
    ) -> None:
        """Start it; what it imports is looked for in `paths` first, then in this repository."""
        self.module = module
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the worker
        looked = os.pathsep.join(map(str, [*paths, ROOT]))
        self._process = subprocess.Popen(
            [str(python), "-P", "-m", module, model, str(threads)],
            cwd=ROOT,
            env=os.environ
            | dict.fromkeys(THREADS, str(threads))
            | {"PYTHONPATH": looked, DEVICE: device}
            | dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        opened = self._read()
        self.open_seconds: float = opened["opened"]
        self.libraries_mib: float = opened["libraries_mib"]
        self.tasks: Sequence[str] = opened["tasks"]

    def run(self, task: str, *, calls: int) -> list[float]:
        """Return the seconds of each call."""
        seconds: list[float] = self._ask({"do": "run", "task": task, "calls": calls})["seconds"]
        return seconds

    def first(self, task: str) -> First:
        """Return what the first call of a task takes."""
        return First(**self._ask({"do": "first", "task": task}))

    def answer(self, task: str) -> np.ndarray:
        """Return what the task computes."""
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "answer.npy")
            self._ask({"do": "answer", "task": task, "path": path})
            answer: np.ndarray = np.load(path)
        return answer

    def peak_mib(self) -> float:
        """Return the largest resident set so far."""
        peak: float = self._ask({"do": "memory"})["peak_mib"]
        return peak

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=60)
        self._errors.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            raise ContenderEndedError(f"{self.module} ended:\n{self._errors.read()[-4000:]}")
        message: dict[str, Any] = json.loads(line)
        return message
