"""One forward pass serves several ways back, and gives what is beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inspector.engine.engine import Engine
from inspector.engine.pass_plan import Way
from inspector.engine.run import Run
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from inspector.runtime.session import Session
from inspector.runtime.threads import threads
from tests.support.small_cnn import images, small_cnn

WAYS = [
    Way(toward="relu2", policy="gradient"),
    Way(toward="x", policy="guided"),
    Way(toward="x", policy="deconvnet", overrides={"relu2": "gradient"}),
    Way(toward="relu1", policy="gradient"),
]


def engine(*, batch_bytes: int = 512 << 20, **changes: Any) -> Engine:
    return Engine(
        read_model(small_cnn(**changes)),
        device=CPU,
        cache=SessionCache(max_bytes=1 << 30),
        batch_bytes=batch_bytes,
    )


@pytest.mark.parametrize("batch", ["n", 1, 5])
def test_several_ways_give_what_each_gives_alone(batch: int | str) -> None:
    x, own = images(7), engine(batch=batch)
    ways = [
        Way(
            toward=own.model.input.name if way.toward == "x" else way.toward,
            policy=way.policy,
            overrides=way.overrides,
        )
        for way in WAYS
    ]
    beside = Run(own).forward(x, ["conv2", "flat"])

    which: list[int] = []
    for passed in Run(own).passes(x, source="scores", ways=ways, beside=["conv2", "flat"]):
        rows = slice(passed.images.start, passed.images.stop)
        random = np.random.default_rng(passed.images.start)
        seeds = np.asarray(random.standard_normal(passed.values.shape, np.float32))
        for way, pullback in zip(ways, passed.pullbacks, strict=True):
            alone = list(
                Run(own).pullbacks(
                    x[rows], source="scores", toward=way.toward, policy=way.policy, overrides=way.overrides
                )
            )
            expected = np.concatenate(
                [back(seeds[part.start : part.stop]).numpy().copy() for part, _, back in alone]
            )
            np.testing.assert_allclose(
                pullback(seeds).numpy(), expected, atol=1e-6 * np.abs(expected).max(), err_msg=str(way)
            )
        for name, values in passed.beside.items():
            np.testing.assert_allclose(values, beside[name][rows], atol=1e-6)
        which += passed.images
    assert which == list(range(7))


def test_one_batch_is_one_run_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    own, fetched, run = engine(), list[int](), Session.run

    def spy(self: Session, feeds: dict[str, Any], fetch: list[str], **rest: Any) -> Any:
        fetched.append(own.model.input.name in feeds)
        return run(self, feeds, fetch, **rest)

    monkeypatch.setattr(Session, "run", spy)
    (passed,) = Run(own).passes(
        images(1),
        source="scores",
        ways=[Way(toward="relu2", policy="gradient"), Way(toward="relu1", policy="guided")],
    )
    for pullback in passed.pullbacks:
        pullback(np.ones_like(passed.values))

    assert fetched == [True, False, False]


def test_runs_there_and_back_take_no_more_than_caches_hold() -> None:
    """Beyond, each image takes longer; but there is one for every thread, and never more than fit."""
    own, image = engine(), images(1).shape[1:]

    def usual(size: int) -> tuple[int, int]:
        """Return how many images there are in a run, and how many would fit, where one has so many bytes."""
        own.room._sizes._known[image] = size, {}
        return own.usual_batch(image), own.largest_batch(image)

    assert usual(1 << 16) == (64, 64)
    assert usual(8 << 20) == (min(max(8, threads()), 64), 64)
    few, most = usual(100 << 20)
    assert 2 <= few == min(max(2, threads()), most)
    assert usual(400 << 20) == (1, 1)
