"""Half an hour of mixed load: `python -m benchmarks.load.soak --minutes 30`.

Sixteen callers predict, attribute and occlude on two models; another uploads and deletes models, opens and closes
connections, and breaks off calls. Memory (each page once), descriptors and threads are looked at meanwhile. Exit code
1 where memory grows by more than two percent in the second half, or descriptors grow.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track

from benchmarks.attacks.models import small, written
from benchmarks.load.callers import IMAGE, Measured, measured
from benchmarks.load.contenders import MODELS, Contender, Subject, opened
from inspector.client import Cancellation, Client
from inspector.errors import InspectorError

CALLERS = 16
MOST_GROWTH = 0.02
LOOK_SECONDS = 5


@dataclass(frozen=True)
class Look:
    """What the server held at a moment."""

    minute: float
    memory: int
    descriptors: int
    threads: int


def main() -> None:
    """Soak, and tell what grew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    options = parser.parse_args()
    with opened(Contender("service", {"waiting_per_model": 256})) as subject:
        looks, found = _soaked(subject, minutes=options.minutes)
    calls, errors = sum(found.by_caller), dict(found.errors) or "none"
    print(f"{calls:,} calls in {options.minutes:g} minutes, {found.throughput:.1f}/s; errors: {errors}")
    print("| minute | memory, MiB | descriptors | threads |\n| --- | --- | --- | --- |")
    for look in looks[:: max(1, len(looks) // 15)]:
        print(f"| {look.minute:.1f} | {look.memory >> 20} | {look.descriptors} | {look.threads} |")
    growth, more = grown(looks)
    print(f"\nover the second half: memory {growth:+.1%}, descriptors {more:+.1f}")
    sys.exit(growth > MOST_GROWTH or more > 1)


def _soaked(subject: Subject, *, minutes: float) -> tuple[list[Look], Measured]:
    over, found = threading.Event(), []

    def load() -> None:
        found.append(measured(subject, callers=CALLERS, seconds=minutes * 60, models=list(MODELS)))

    threads = [threading.Thread(target=load), threading.Thread(target=_others, args=(subject, over))]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    looks = []
    # By the clock: on a busy machine a look takes seconds, and after the load there is nothing to see.
    for turn in track(
        range(int(minutes * 60 / LOOK_SECONDS)), description="soak", console=Console(stderr=True)
    ):
        due = began + (turn + 1) * LOOK_SECONDS
        if due < time.monotonic():
            continue
        time.sleep(max(0.0, due - time.monotonic()))
        minute = (time.monotonic() - began) / 60
        looks.append(Look(minute, subject.memory(), subject.descriptors(), subject.threads()))
    over.set()
    for thread in threads:
        thread.join()
    return looks, found[0]


def _others(subject: Subject, over: threading.Event) -> None:
    """Come and go: what leaves something behind would show."""
    data = written(small())
    number = 0
    while not over.wait(0.5):
        number += 1
        with Client(subject.address) as client:
            try:
                client.upload(data, name=f"guest-{number % 5}")
                client.model(f"guest-{number % 5}").predict(IMAGE.values[:, :, :8, :8])
                client.delete(f"guest-{number % 5}")
                cancellation = Cancellation()
                threading.Timer(0.05, cancellation.cancel).start()
                client.model("squeezenet").occlude(IMAGE, size=16, stride=8, cancellation=cancellation)
            except InspectorError:
                continue


def grown(looks: list[Look]) -> tuple[float, float]:
    """Return by what share memory, and by how many descriptors, grow from the third quarter to the last."""
    quarter = len(looks) // 4
    third, last = looks[2 * quarter : 3 * quarter], looks[3 * quarter :]
    if not third or not last:
        return 0.0, 0.0
    before = statistics.median(look.memory for look in third)
    memory = statistics.median(look.memory for look in last) / before - 1
    descriptors = statistics.median(look.descriptors for look in last) - statistics.median(
        look.descriptors for look in third
    )
    return memory, float(descriptors)


if __name__ == "__main__":
    main()
