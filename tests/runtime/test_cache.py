"""The cache of sessions: bounded by bytes, one creation per key, the least recently used goes first."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from inspector.graph.pack import pack
from inspector.runtime.cache import SessionCache, briefly
from inspector.runtime.device import CPU, Device
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from tests.support.graphs import model, node

GRAPH = model([node("Relu", ["x"], "y")], shape=("n",)).SerializeToString()
ONE = len(GRAPH)


def make() -> Session:
    return Session(GRAPH, weights={}, device=CPU)


def test_a_key_is_made_once() -> None:
    cache = SessionCache(max_bytes=10 * ONE)

    first = cache.get("a", make)

    assert cache.get("a", make) is first
    assert cache.size == ONE


def test_the_least_recently_used_goes_first() -> None:
    cache = SessionCache(max_bytes=2 * ONE)
    a, b = cache.get("a", make), cache.get("b", make)
    assert cache.get("a", make) is a
    cache.get("c", make)

    assert len(cache) == 2
    assert cache.get("a", make) is a
    assert cache.get("b", make) is not b


def test_one_session_above_the_bound_is_kept_until_the_next() -> None:
    cache = SessionCache(max_bytes=1)

    first = cache.get("a", make)
    assert cache.get("a", make) is first
    cache.get("b", make)

    assert len(cache) == 1
    assert cache.get("a", make) is not first


def test_many_threads_that_ask_at_once_share_one_creation() -> None:
    cache, made, barrier = SessionCache(max_bytes=10 * ONE), [], threading.Barrier(8)

    def make_slowly() -> Session:
        made.append(threading.get_ident())
        barrier_free.wait(timeout=0.2)
        return make()

    barrier_free = threading.Event()

    def ask(_: int) -> Session:
        barrier.wait()
        return cache.get("a", make_slowly)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))

    assert len(made) == 1
    assert len(set(map(id, found))) == 1


def test_different_keys_are_made_side_by_side() -> None:
    """Each creation waits for the other one to begin."""
    cache, barrier = SessionCache(max_bytes=10 * ONE), threading.Barrier(2)

    def make_together() -> Session:
        barrier.wait(timeout=30)
        return make()

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda key: cache.get(key, make_together), "ab"))

    assert found[0] is not found[1]


def test_a_creation_that_failed_is_tried_again() -> None:
    cache = SessionCache(max_bytes=10 * ONE)

    def fail() -> Session:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.get("a", fail)
    assert cache.get("a", make).outputs == ("y",)


def test_a_session_that_was_evicted_while_in_use_ends_in_peace() -> None:
    cache = SessionCache(max_bytes=1)
    held = cache.get("a", make)
    stop = threading.Event()
    answers = []

    def use() -> None:
        while not stop.is_set():
            answers.append(float(held.run({"x": np.asarray([-1, 3], np.float32)}, ["y"])["y"].numpy().sum()))

    thread = threading.Thread(target=use)
    thread.start()
    for key in range(30):
        cache.get(key, make)
    stop.set()
    thread.join()

    assert answers
    assert set(answers) == {3.0}


def test_wanted_keys_are_dropped() -> None:
    cache = SessionCache(max_bytes=10 * ONE)
    for key in (("m", 1), ("m", 2), ("n", 1)):
        cache.get(key, make)

    cache.drop(lambda key: isinstance(key, tuple) and key[0] == "m")

    assert len(cache) == 1
    assert cache.size == ONE


def test_what_is_made_briefly_is_forgotten_after_the_block() -> None:
    cache = SessionCache(max_bytes=10 * ONE)
    before = cache.get("before", make)
    with briefly():
        cache.get("lasting", make, lasting=True)
        outer = cache.get("outer", make)
        assert cache.get("outer", make) is outer
        with briefly():
            cache.get("inner", make)
            assert cache.get("before", make) is before
            assert len(cache) == 4
        assert len(cache) == 3
    assert len(cache) == 2
    assert cache.get("before", make) is before


def test_what_another_thread_makes_meanwhile_stays() -> None:
    cache = SessionCache(max_bytes=10 * ONE)
    with briefly(), ThreadPoolExecutor(1) as pool:
        made = pool.submit(cache.get, "theirs", make).result()
    assert cache.get("theirs", make) is made


def test_the_size_counts_the_weights() -> None:
    weight = np.ones((10, 1000), np.float32)
    packed = pack(
        ir.from_proto(model([node("MatMul", ["x", "w"], "y")], shape=(1, 10), weights={"w": weight}))
    )
    cache = SessionCache(max_bytes=1 << 30)

    cache.get("a", lambda: Session(packed.graph, weights={"w": DeviceTensor.place(weight)}, device=CPU))

    assert cache.size == len(packed.graph) + weight.nbytes


def test_nothing_is_kept_of_creations_that_failed_or_ended() -> None:
    cache, barrier = SessionCache(max_bytes=10 * ONE), threading.Barrier(4)

    def fail() -> Session:
        raise ValueError("no")

    def ask(number: int) -> None:
        barrier.wait(timeout=30)
        with suppress(ValueError):
            cache.get(number % 2, fail if number < 2 else make)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    with pytest.raises(ValueError, match="no"):
        cache.get("never", fail)

    assert not cache._making
    assert len(cache) == 2


def test_while_some_wait_after_a_failure_there_is_still_one_creation_at_a_time() -> None:
    cache, running, most = SessionCache(max_bytes=10 * ONE), [], []
    barrier = threading.Barrier(6)

    def fail_slowly() -> Session:
        running.append(1)
        most.append(len(running))
        threading.Event().wait(0.02)
        running.pop()
        raise ValueError("no")

    def ask(_: int) -> None:
        barrier.wait(timeout=30)
        for _ in range(3):
            with suppress(ValueError):
                cache.get("a", fail_slowly)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask, range(6)))

    assert most == [1] * 18


@dataclass
class Weighed:
    """What stands for a session."""

    size: int = 1
    threads: int = 0
    device_bytes: int = 0


def test_sessions_are_few_however_small_they_are() -> None:
    cache = SessionCache(max_bytes=1 << 30, max_sessions=5)
    for number in range(50):
        cache.get(number, Weighed)
    assert len(cache) == cache.size == 5
    assert cache.get(49, lambda: pytest.fail("it is there")).size == 1


def test_threads_are_bounded_and_given_back() -> None:
    cache = SessionCache(max_bytes=1 << 30, max_threads=21)
    for number in range(50):
        cache.get(number, lambda: Weighed(threads=7))
        assert cache.threads <= 21
    assert len(cache) == 3
    cache.drop(lambda key: key == 49)
    assert (len(cache), cache.threads) == (2, 14)
    cache.get("alone", lambda: Weighed(threads=100))
    assert (len(cache), cache.threads) == (1, 100)


def test_what_a_session_takes_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = iter((0, 100 << 20, 100 << 20, 350 << 20, 350 << 20, 351 << 20))
    monkeypatch.setattr("inspector.runtime.cache.resident_bytes", lambda: next(grown))
    cache = SessionCache(max_bytes=300 << 20)
    for number, held in enumerate((100 << 20, 250 << 20, (250 << 20) + 1)):
        cache.get(number, Weighed)
        assert cache.size == held


def test_what_grows_while_others_are_made_too_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.runtime.cache.resident_bytes", itertools.count(0, 100 << 20).__next__)
    cache = SessionCache(max_bytes=1 << 30)

    def make_two() -> Weighed:
        thread = threading.Thread(target=lambda: cache.get("inner", Weighed))
        thread.start()
        thread.join()
        return Weighed()

    cache.get("outer", make_two)
    assert cache.size == 2


def test_a_session_that_grows_by_shapes_is_counted_as_it_grew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "plans_by_shape", property(lambda self: True))
    monkeypatch.setenv("INSPECTOR_THREADS", "2")
    cache = SessionCache(max_bytes=5 * ONE, max_threads=5)
    grown = cache.get("grows", make)
    assert (cache.size, cache.threads) == (ONE, 1)

    for copies, count in enumerate((1, 2, 16, 40), start=1):
        grown.run({"x": np.ones(count, np.float32)}, ["y"])
        assert (cache.size, cache.threads) == (grown.size, grown.threads) == (copies * ONE, copies)

    cache.get("fits", make)
    assert (len(cache), cache.size, cache.threads) == (2, 5 * ONE, 5)
    cache.get("does not", make)
    assert (len(cache), cache.size, cache.threads) == (2, 2 * ONE, 2)
    cache.drop(lambda key: key == "fits")
    assert (len(cache), cache.size, cache.threads) == (1, ONE, 1)


@pytest.mark.parametrize("bound", [{"max_bytes": 4 * ONE}, {"max_bytes": 1 << 30, "max_threads": 4}], ids=str)
def test_what_a_session_grew_by_counts_against_each_bound(
    monkeypatch: pytest.MonkeyPatch, bound: dict[str, int]
) -> None:
    monkeypatch.setattr(Device, "plans_by_shape", property(lambda self: True))
    monkeypatch.setenv("INSPECTOR_THREADS", "2")
    cache = SessionCache(**bound)
    grown = cache.get("grows", make)
    for count in (1, 2, 16, 40):
        grown.run({"x": np.ones(count, np.float32)}, ["y"])

    other = cache.get("other", make)

    assert len(cache) == 1
    assert cache.get("other", make) is other


def test_many_sessions_leave_a_bounded_number_of_threads() -> None:
    cache = SessionCache(max_bytes=1 << 30, max_sessions=8)
    before = threads_here()
    for number in range(100):
        cache.get(number, make)
    assert threads_here() - before <= 8 * (cache.get(99, make).threads + 1)


def threads_here() -> int:
    return len(list(Path("/proc/self/task").iterdir()))
