"""Callers in threads, each with a connection of its own, which ask again as soon as they are answered."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.load.contenders import Subject
from inspector import Model
from inspector.errors import BusyError, InspectorError
from inspector.types.images import Prepared

SHARES = {"predict": 60, "attribute": 25, "occlude": 15}
"""Of a hundred calls."""
IMAGE = Prepared(np.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(np.float32))


@dataclass
class Measured:
    """What the callers saw."""

    callers: int
    seconds: float
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Milliseconds of each call that was answered, by verb."""
    by_caller: list[int] = field(default_factory=list)
    """Calls answered to each."""
    errors: Counter[str] = field(default_factory=Counter)
    memory: int = 0
    """Bytes afterwards."""

    @property
    def throughput(self) -> float:
        """Calls per second, all callers together."""
        return sum(self.by_caller) / self.seconds


def ask(model: Model, verb: str) -> None:
    """Make one call."""
    if verb == "predict":
        model.predict(IMAGE)
    elif verb == "attribute":
        model.attribute(IMAGE)
    else:
        model.occlude(IMAGE, size=56, stride=56)


def measured(
    subject: Subject, *, callers: int, seconds: float, models: Sequence[str], seed: int = 0
) -> Measured:
    """Let so many callers ask for so long."""
    found = Measured(callers, seconds, by_caller=[0] * callers)
    lock, ready = threading.Lock(), threading.Barrier(callers + 1)
    until = [0.0]

    def call(number: int) -> None:
        rng = random.Random(seed * 1000 + number)  # noqa: S311
        with subject.caller() as mine:
            ready.wait()
            while time.perf_counter() < until[0]:
                verb = rng.choices(list(SHARES), list(SHARES.values()))[0]
                began = time.perf_counter()
                try:
                    ask(mine[rng.choice(models)], verb)
                except InspectorError as error:
                    with lock:
                        found.errors[error.reason] += 1
                    time.sleep(error.retry_seconds if isinstance(error, BusyError) else 0.1)
                    continue
                found.by_caller[number] += 1
                with lock:
                    found.times[verb].append((time.perf_counter() - began) * 1e3)

    threads = [threading.Thread(target=call, args=(number,), daemon=True) for number in range(callers)]
    for thread in threads:
        thread.start()
    until[0] = time.perf_counter() + 1e9
    ready.wait()
    until[0] = time.perf_counter() + seconds
    for thread in threads:
        thread.join()
    found.memory = subject.memory()
    return found
