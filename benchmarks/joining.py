"""What joined runs gain: predictions of one model by several threads at once, with and without joining, in turns.

python -m benchmarks.joining MODEL.onnx … [--photograph FILE] [--seconds 1] [--rounds 3] [--running 16]

Throughput (calls per second), median and 99th percentile of a call in ms, processor time of a call in ms. `--running`
calls run at once, as the setting INSPECTOR_RUNNING_PER_MODEL lets them; the others wait.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.joint_runs import Joining
from inspector.face.local import LocalBackend
from inspector.face.model import Model
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import resolve_device

THREADS = (1, 8, 32, 64)
WARM_UP = (1, 2, 4, 8, 16)
"""Batches that are run before anything is timed."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One measurement."""

    rate: float
    median: float
    slow: float
    processor: float


def measure(call: Callable[[], object], *, threads: int, running: int, seconds: float) -> Found:
    """Call from several threads for some seconds."""
    gate, lock = threading.Semaphore(running), threading.Lock()
    times: list[float] = []
    began, used = time.perf_counter(), time.process_time()

    def work() -> None:
        own = []
        while time.perf_counter() < began + seconds:
            start = time.perf_counter()
            with gate:
                call()
            own.append(time.perf_counter() - start)
        with lock:
            times.extend(own)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lasted, used = time.perf_counter() - began, time.process_time() - used
    return Found(
        rate=len(times) / lasted,
        median=float(np.median(times)) * 1e3,
        slow=float(np.quantile(times, 0.99)) * 1e3,
        processor=used / len(times) * 1e3,
    )


def opened(path: Path, *, device: str, joining: Joining | None) -> Model:
    """Return a model, warmed up."""
    engine = Engine(read_model(path), device=resolve_device(device), cache=SessionCache(max_bytes=4 << 30))
    model = Model(LocalBackend(engine), name=path.stem)
    x = random_image(model)
    for count in WARM_UP:
        model.predict(np.repeat(x, count, axis=0))
    if joining is not None:
        engine.share_runs(joining)
    return model


def random_image(model: Model) -> np.ndarray:
    """Return (1, …) random values such as the model takes."""
    shape = [size if isinstance(size, int) else 224 for size in model.info.input.shape[1:]]
    return np.random.default_rng(0).random((1, *shape)).astype(np.float32)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--photograph", type=Path, help="measure encoded pictures too")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--images", type=int, default=16, help="of a joined run, at most")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds")
    parser.add_argument("--running", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print("| model | given | threads | alone | joined | gain |\n| --- | --- | ---: | ---: | ---: | ---: |")
    for path in asked.models:
        joining = Joining(images=asked.images, delay=asked.delay)
        models = [opened(path, device=asked.device, joining=one) for one in (None, joining)]
        given: dict[str, object] = {"array": random_image(models[0])}
        if asked.photograph is not None:
            given["picture"] = asked.photograph.read_bytes()
        for kind, image in given.items():
            for threads in THREADS:
                found: list[list[Found]] = [[], []]
                for _ in range(asked.rounds):
                    for model, list_of in zip(models, found, strict=True):
                        list_of.append(
                            measure(
                                lambda model=model, image=image: model.predict(image),  # type: ignore[misc]
                                threads=threads,
                                running=asked.running,
                                seconds=asked.seconds,
                            )
                        )
                told = [_told(each) for each in found]
                gain = statistics.median(b.rate / a.rate for a, b in zip(*found, strict=True))
                print(
                    f"| {path.stem} | {kind} | {threads} | {told[0]} | {told[1]} | {gain:.2f} |", flush=True
                )


def _told(found: list[Found]) -> str:
    rate, median, slow, processor = (
        statistics.median(getattr(one, name) for one in found)
        for name in ("rate", "median", "slow", "processor")
    )
    return f"{rate:.0f}/s, {median:.1f} ({slow:.0f}) ms, {processor:.2f}"


if __name__ == "__main__":
    main()
