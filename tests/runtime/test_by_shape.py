"""Sessions by the shapes of their feeds: few, kept, and each for one shape as long as there is room."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from inspector.engine.engine import Engine
from inspector.engine.room import usual_run_bytes
from inspector.engine.run import Run
from inspector.graph.expose import Exposed
from inspector.model.read import read_model
from inspector.runtime.by_shape import MOST_SHAPES, ByShape
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU, Device
from inspector.runtime.device_memory import Memory
from inspector.runtime.session import Session
from tests.support.small_cnn import images, small_cnn


@pytest.fixture
def sessions() -> ByShape[int]:
    counted = itertools.count(1)
    return ByShape(0, lambda: next(counted), most=3)


def shapes(count: int) -> tuple[tuple[int, ...], ...]:
    return ((count, 3, 8, 8),)


def test_the_first_shape_has_the_first_session(sessions: ByShape[int]) -> None:
    assert len(sessions) == 1
    assert [sessions.get(shapes(5)), sessions.get(shapes(5)), len(sessions)] == [0, 0, 1]


def test_each_shape_has_its_own(sessions: ByShape[int]) -> None:
    assert [sessions.get(shapes(count)) for count in (1, 4, 1, 16, 4)] == [0, 1, 0, 2, 1]
    assert len(sessions) == 3


def test_without_room_the_shape_that_was_not_seen_longest_gives_its_own(sessions: ByShape[int]) -> None:
    for count in (1, 4, 16, 1):
        sessions.get(shapes(count))

    assert sessions.get(shapes(7)) == 1  # that of 4
    assert sessions.get(shapes(1)) == 0
    assert len(sessions) == 3


def test_threads_do_not_make_one_twice() -> None:
    made, barrier = itertools.count(1), threading.Barrier(8)
    sessions = ByShape(0, lambda: next(made))

    def get(_: int) -> list[int]:
        barrier.wait(30)
        return [sessions.get(shapes(count)) for count in (1, 4, 16)]

    with ThreadPoolExecutor(8) as pool:
        found = {tuple(one) for one in pool.map(get, range(8))}

    assert len(found) == 1
    assert next(made) == 3


def test_batches_are_as_large_as_the_devices_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert usual_run_bytes(CPU) == 512 << 20
    for total, expected in ((4 << 30, 512 << 20), (80 << 30, 5 << 30)):
        monkeypatch.setattr(
            "inspector.engine.room.memory_of", lambda device, total=total: Memory(free=1, total=total)
        )
        assert usual_run_bytes(Device("cuda")) == expected
        assert engine().room.run_bytes == expected


@pytest.fixture
def planning(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the CPU be a device that plans by shape; the images of each run."""
    monkeypatch.setattr(Device, "plans_by_shape", property(lambda self: True))
    noted: list[int] = []
    run = Session.run

    def spy(self: Session, feeds: Mapping[str, Any], *given: Any, **more: Any) -> Any:
        noted.extend(len(feed) for feed in feeds.values() if isinstance(feed, np.ndarray))
        return run(self, feeds, *given, **more)

    monkeypatch.setattr(Session, "run", spy)
    return noted


def engine() -> Engine:
    return Engine(read_model(small_cnn()), device=CPU, cache=SessionCache(max_bytes=1 << 30))


@pytest.mark.parametrize(
    ("count", "runs"),
    [
        (1, [1]),
        (2, [4]),
        (4, [4]),
        (5, [4, 1]),
        (7, [4, 4]),
        (8, [16]),
        (17, [16, 1]),
        (31, [16, 16]),
        (32, [64]),
        (65, [64, 1]),
        (86, [64, 16, 4, 4]),
    ],
)
def test_batches_have_few_sizes_where_each_is_planned_for(
    planning: list[int], count: int, runs: list[int]
) -> None:
    found = Run(engine()).forward(images(count), ["scores"])["scores"]

    assert planning == runs
    assert len(set(runs)) < MOST_SHAPES
    one_by_one = [Run(engine()).forward(one[None], ["scores"])["scores"][0] for one in images(count)]
    np.testing.assert_allclose(found, one_by_one, atol=1e-5)


def test_no_batch_is_filled_up_beyond_what_fits(planning: list[int]) -> None:
    own = engine()
    total, _ = own.room.sizes(images(1).shape[1:])
    small = Engine(own.model, device=CPU, cache=SessionCache(max_bytes=1 << 30), batch_bytes=6 * total)

    Run(small).forward(images(11), ["scores"])

    assert planning == [6, 6]


def test_the_way_back_leaves_out_what_fills_a_batch(planning: list[int]) -> None:
    x, gradients = images(9), []
    for rows, values, pullback in Run(engine()).pullbacks(x, source="scores", policy="gradient"):
        assert (len(rows), len(values)) == (9, 9)
        gradients.append(pullback(np.ones_like(values)).numpy())

    alone = []
    for one in x:
        ((_, values, pullback),) = Run(engine()).pullbacks(one[None], source="scores", policy="gradient")
        alone.append(pullback(np.ones_like(values)).numpy())
    np.testing.assert_allclose(np.concatenate(gradients), np.concatenate(alone), atol=1e-5)


def test_a_session_counts_all_that_it_holds(planning: list[int]) -> None:
    own = engine()
    session = own.sessions.forward(Exposed(tensors=("scores",)))
    size = session.size
    for count in (1, 2, 9):
        Run(own).forward(images(count), ["scores"])

    assert session.size == 3 * size


def test_a_device_that_plans_nothing_has_one_session_and_any_size() -> None:
    own = engine()
    assert [len(own.filled(images(count))) for count in (1, 2, 5)] == [1, 2, 5]
    session = own.sessions.forward(Exposed(tensors=("scores",)))
    size = session.size
    for count in (1, 2, 5):
        Run(own).forward(images(count), ["scores"])
    assert session.size == size
