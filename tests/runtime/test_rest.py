"""Memory that goes back to the system once nothing runs, and answers that outlive it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from inspector.runtime.device import CPU
from inspector.runtime.memory import release_arena
from inspector.runtime.rest import REST_SECONDS, Rest
from inspector.runtime.session import Session
from tests.support.graphs import model, node

ROOT = Path(__file__).parents[2]
LONG = 60.0


def test_memory_is_released_once_after_each_time_that_something_ran() -> None:
    released = threading.Semaphore(0)
    rest = Rest(released.release, seconds=0.01)

    for _ in range(2):
        for _ in range(3):
            rest.begun()
            rest.ended()
        assert released.acquire(timeout=LONG)

    assert not released.acquire(timeout=0.1)


def test_nothing_is_released_while_something_runs() -> None:
    released = threading.Event()
    rest = Rest(released.set, seconds=0.01)

    rest.begun()
    rest.begun()
    rest.ended()
    assert not released.wait(0.2)

    rest.ended()
    assert released.wait(LONG)


def test_a_process_that_was_forked_watches_anew() -> None:
    released = threading.Event()
    rest = Rest(released.set, seconds=0.01)
    rest._is_watched, rest._running = True, 1  # as left by a thread that is not there

    rest.forget()
    rest.begun()
    rest.ended()

    assert released.wait(LONG)


def test_a_minute_is_a_rest() -> None:
    assert REST_SECONDS == 60


RELEASED = """
import numpy as np
from inspector.runtime.device import CPU
from inspector.runtime.memory import release_arena
from inspector.runtime.session import Session
from tests.support.graphs import model, node

def held():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("RssAnon"))

graph = model([node("Exp", ["x"], "e"), node("Neg", ["e"], "y")], shape=("n",)).SerializeToString()
session = Session(graph, weights={}, device=CPU)
before = held()
kept = session.run({"x": np.full(1_000_000, 0.5, np.float32)}, ["y"])["y"].numpy()
session.run({"x": np.zeros(50_000_000, np.float32)}, ["y"])
worked = held()
release_arena()
print(worked - before, held() - before, bool((kept == kept[0]).all() and kept[0] < -1.6))
"""


def test_what_runs_left_free_is_given_back_and_answers_stay() -> None:
    made = subprocess.run(
        [sys.executable, "-c", RELEASED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    worked, rested, is_intact = made.stdout.split()

    assert int(worked) > 150
    assert int(rested) < 60  # of which the answer that is kept is in use
    assert is_intact == "True"


def test_an_answer_is_never_written_again() -> None:
    graph = model([node("Exp", ["x"], "e"), node("Neg", ["e"], "y")], shape=("n",)).SerializeToString()
    session = Session(graph, weights={}, device=CPU)
    kept = [session.run({"x": np.full(1000, value, np.float32)}, ["y"])["y"].numpy() for value in range(4)]
    release_arena()
    for value in range(20):
        session.run({"x": np.full(1000, -value, np.float32)}, ["y"])

    for value, answer in enumerate(kept):
        np.testing.assert_allclose(answer, -np.exp(np.float32(value)), rtol=1e-6)
