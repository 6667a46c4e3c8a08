"""What a pass takes is planned once, kept with the engine up to a bound, and never that of another pass."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest

from inspector.engine import pass_plan
from inspector.engine.engine import Engine
from inspector.engine.kept import Kept
from inspector.engine.pass_plan import Way
from inspector.engine.run import Run
from inspector.grad.writing.builder import Batch
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from tests.support.small_cnn import images, small_cnn


class Asked(NamedTuple):
    """One way to ask for a pass."""

    source: str
    toward: str
    policy: str
    overridden: bool
    beside: tuple[str, ...]
    images: int
    height: int


ASKED = [
    Asked(*one)
    for one in itertools.product(
        ["scores", "relu2"],
        ["x", "relu1"],
        ["gradient", "deconvnet"],
        [False, True],
        [(), ("flat",)],
        [1, 3],
        [16, 20],
    )
]


def engine(**cache: Any) -> Engine:
    model = read_model(small_cnn(height="h", width="w"))
    return Engine(model, device=CPU, cache=SessionCache(max_bytes=1 << 30, **cache))


def shuffled(seed: int) -> list[Asked]:
    """Return each twice, in any order."""
    return [ASKED[number % len(ASKED)] for number in np.random.default_rng(seed).permutation(2 * len(ASKED))]


def answer(own: Engine, asked: Asked) -> list[np.ndarray]:
    """Return all that a pass gives, with seeds that are the values themselves."""
    x = images(asked.images, height=asked.height)
    overrides = {"relu1": "guided"} if asked.overridden else {}
    way = Way(toward=asked.toward, policy=asked.policy, overrides=overrides)
    found = []
    for passed in Run(own).passes(x, source=asked.source, ways=[way], beside=asked.beside):
        found += [passed.values.copy(), *(passed.beside[name].copy() for name in asked.beside)]
        found.append(passed.pullbacks[0](passed.values.copy()).numpy().copy())
    return found


def assert_equal(found: Sequence[np.ndarray], wanted: Sequence[np.ndarray], asked: Asked) -> None:
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=str(asked))


@pytest.fixture(scope="module")
def alone() -> dict[Asked, list[np.ndarray]]:
    """What each gives where nothing was planned before it."""
    cache, model = SessionCache(max_bytes=1 << 30), read_model(small_cnn(height="h", width="w"))
    return {asked: answer(Engine(model, device=CPU, cache=cache), asked) for asked in ASKED}


def test_a_plan_serves_no_other_pass(alone: dict[Asked, list[np.ndarray]]) -> None:
    own = engine()
    for asked in shuffled(0):
        assert_equal(answer(own, asked), alone[asked], asked)


def test_threads_share_plans(alone: dict[Asked, list[np.ndarray]]) -> None:
    own, order = engine(), shuffled(1)
    with ThreadPoolExecutor(4) as pool:
        for asked, found in zip(order, pool.map(lambda one: answer(own, one), order), strict=True):
            assert_equal(found, alone[asked], asked)


def test_plans_are_few(monkeypatch: pytest.MonkeyPatch, alone: dict[Asked, list[np.ndarray]]) -> None:
    own = engine()
    monkeypatch.setattr(own, "pass_plans", Kept(most=3))
    for asked in ASKED[::3]:
        assert_equal(answer(own, asked), alone[asked], asked)
        assert len(own.pass_plans) <= 3


def test_the_second_pass_is_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    own = engine()
    first = answer(own, ASKED[0])

    def again(*_args: object, **_named: object) -> None:
        raise AssertionError("planned again")

    monkeypatch.setattr(pass_plan, "_planned", again)
    assert_equal(answer(own, ASKED[0]), first, ASKED[0])
    with pytest.raises(AssertionError, match="planned again"):
        answer(own, ASKED[-1])


def test_a_plan_keeps_no_session_from_being_forgotten() -> None:
    own = engine(max_sessions=2)
    key = own.sessions.backward_key("scores", "x", "gradient", {}, image=(3, 16, 12), batch=Batch.ONE)
    first = answer(own, ASKED[0])
    session = weakref.ref(own.sessions.backward(key, shapes=dict).session)
    assert session() is not None
    answer(own, ASKED[-1])
    gc.collect()
    assert session() is None
    assert_equal(answer(own, ASKED[0]), first, ASKED[0])
