"""What is measured: contenders take turns, so that a slow moment of the machine strikes all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models import SAMPLED, Model, Occlusion
from benchmarks.protocol import DENSE, METHODS, ContenderEndedError, Worker

CONTENDERS = {
    "ort": "plain",
    "ours": "ours",
    "kernels": "ours",
    "before": "ours",
    "captum": "peer",
    "onnx-ad": "adjoint",
}
"""The labels of results, and the modules contender_*.py that give them."""

PEERS = ("peer", "adjoint")
"""Contenders that run in the peer's environment."""

KERNELS = {"ours": "never", "kernels": "always"}
"""Whether this package takes kernels, by label."""

CALLS_PER_TURN = 3
"""The first call of a turn finds the caches cold and is not counted."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How to measure."""

    python: Path
    peer_python: Path | None
    threads: int
    device: str = "cpu"
    seconds: float
    """For each model and group of tasks."""
    has_kernels: bool = False
    before: Path | None = None
    """A folder with the package `inspector` of another version."""

    def has(self, label: str, model: Model) -> bool:
        """Return whether there is such a contender for a model."""
        match label:
            case "captum":
                return self.peer_python is not None and model.architecture is not None
            case "onnx-ad":
                return self.peer_python is not None
            case "kernels":
                return self.has_kernels and self.device == "cpu"
            case "before":
                return self.before is not None
            case _:
                return True


@dataclass(frozen=True)
class Lane:
    """One task of one contender."""

    worker: Worker
    task: str
    label: str


def measure_model(model: Model, setting: Setting) -> dict[str, Any]:
    """Measure one model: times in milliseconds, start in seconds, memory in MiB."""
    result: dict[str, Any] = {"model": model.name, "file_mib": model.path.stat().st_size / 2**20}
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        result["start_seconds"], result["memory_mib"] = {}, {}
        for label, contender in CONTENDERS.items():
            if not setting.has(label, model):
                continue
            try:
                workers[label] = stack.enter_context(_worker(contender, model, setting, label=label))
            except ContenderEndedError as error:
                if contender != "adjoint":  # it alone may be at a loss with a model
                    raise
                result["unable"] = {label: str(error).strip().splitlines()[-1]}
                continue
            # Before there are others: a machine gives memory slowly where much of it is taken already.
            result["start_seconds"][label], result["memory_mib"][label] = _start(workers[label])
        if "onnx-ad" in workers and not workers["onnx-ad"].answer("saliency").any():
            result["unable"] = {"onnx-ad": "its gradient is 0 everywhere"}
            workers.pop("onnx-ad")
        result["difference"] = {
            peer: _difference(workers["ours"], workers[peer])
            for peer in ("captum", "onnx-ad")
            if peer in workers
        }
        lanes = [
            Lane(worker, task, f"{label} {task}")
            for label, worker in workers.items()
            for task in worker.tasks
            if not task.startswith(("occlusion", DENSE))
        ]
        result["milliseconds"] = _take_turns(lanes, seconds=setting.seconds)
        result["positions"] = model.positions
        if model.positions:
            sweeps = [
                Lane(workers[label], task, task.replace("occlusion", label))
                for label in ("ort", "ours", "before")
                if label in workers
                for task in workers[label].tasks
                if task.startswith("occlusion")
            ]
            result["occlusion_milliseconds"] = _take_turns(sweeps, seconds=setting.seconds / 2, calls=1)
        if model.dense is not None:
            result["dense"] = _dense(model, model.dense, workers["ort"], workers["ours"])
        for label, worker in workers.items():
            result["memory_mib"][label]["all"] = worker.peak_mib()
    return result


def _dense(model: Model, occlusion: Occlusion, loop: Worker, ours: Worker) -> dict[str, float]:
    """Return the milliseconds of a dense sweep: ours once, the loop before and after it, scaled to all positions."""
    positions = model.positions_of(occlusion)
    before, own, after = (worker.first(DENSE).seconds for worker in (loop, ours, loop))
    sampled = (before + after) / 2
    return {
        "stride": occlusion.stride,
        "positions": positions,
        "sampled": SAMPLED,
        "ort": sampled * 1e3 / SAMPLED * positions,
        "ours": own * 1e3,
    }


def _start(worker: Worker) -> tuple[dict[str, float], dict[str, float]]:
    """Return the seconds of opening a contender and of its first calls, in turn, and the peaks of memory in MiB."""
    seconds, memory = {"open": worker.open_seconds}, {"libraries": worker.libraries_mib}
    for task in ("forward", *METHODS):
        if task in worker.tasks:
            first = worker.first(task)
            seconds[task] = first.seconds
            memory[task] = first.peak_mib
    return seconds, memory


def measure_wire(model: Model, setting: Setting) -> dict[str, float]:
    """Measure what gRPC on the loopback adds to a prediction, in milliseconds, and what a bare echo of it adds."""
    with _worker("wire", model, setting) as worker:
        rounds: list[tuple[float, ...]] = []
        deadline = time.monotonic() + setting.seconds
        while time.monotonic() < deadline or len(rounds) < 10:
            taken = (worker.run(task, calls=2)[-1] for task in ("remote", "local", "echoed"))
            rounds.append(tuple(seconds * 1e3 for seconds in taken))
    return wire_figures(rounds)


def wire_figures(rounds: Sequence[tuple[float, ...]]) -> dict[str, float]:
    """Return the medians of rounds of (remote, in process, in process and echoed), each in milliseconds."""
    remote, local, _ = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {
        "remote": remote,
        "in process": local,
        "share": statistics.median(remote - local for remote, local, _ in rounds),
        "echo": statistics.median(echoed - local for _, local, echoed in rounds),
        "calls": len(rounds),
    }


@contextmanager
def _worker(contender: str, model: Model, setting: Setting, *, label: str = "") -> Iterator[Worker]:
    python = setting.peer_python if contender in PEERS else setting.python
    assert python is not None
    with Worker(
        f"benchmarks.contender_{contender}",
        python=python,
        model=model.name,
        threads=setting.threads,
        device=setting.device,
        environment={"INSPECTOR_KERNELS": KERNELS[label]} if label in KERNELS else {},
        paths=[setting.before] if label == "before" and setting.before else [],
    ) as worker:
        yield worker


def _take_turns(
    lanes: Sequence[Lane], *, seconds: float, calls: int = CALLS_PER_TURN, fewest: int = 3, most: int = 40
) -> dict[str, dict[str, float]]:
    """Run the lanes in turn, forwards and backwards, for about `seconds`; return median, minimum and count."""
    taken: dict[str, list[float]] = {lane.label: [] for lane in lanes}
    deadline = time.monotonic() + seconds
    for turn in range(most):
        if turn >= fewest and time.monotonic() > deadline:
            break
        for lane in lanes if turn % 2 == 0 else reversed(lanes):
            found = lane.worker.run(lane.task, calls=calls)
            taken[lane.label] += [each * 1e3 for each in (found[1:] or found)]
    return {
        label: {"median": statistics.median(each), "min": min(each), "calls": len(each)}
        for label, each in taken.items()
    }


def _difference(ours: Worker, peer: Worker) -> dict[str, float]:
    """Return how far the two sides' maps differ, as a part of the largest magnitude."""
    found = {}
    for method in ("saliency", "guided"):
        if method not in peer.tasks:
            continue
        ours_map, peer_map = ours.answer(method), peer.answer(method)
        found[method] = float(np.abs(ours_map - peer_map).max() / np.abs(peer_map).max())
    return found
