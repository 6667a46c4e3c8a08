"""A run: pullbacks, scans in bounded memory, notes, and nothing that grows with what was asked."""

from __future__ import annotations

import gc
import itertools
from typing import Any

import numpy as np
import pytest

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.engine.sessions import Backward
from inspector.errors import CancelledError
from inspector.grad.policies.table import POLICIES
from inspector.methods.attribution.saliency import saliency
from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from inspector.types.control import Cancellation, Control
from inspector.types.targets import Class
from tests.support.small_cnn import CLASSES, images, small_cnn

LAYERS = ("conv1", "relu1", "pool1", "conv2", "relu2", "mean", "flat", "scores")


def engine(*, batch_bytes: int = 512 << 20, max_bytes: int = 1 << 30, **changes: Any) -> Engine:
    model = read_model(small_cnn(**changes))
    return Engine(model, device=CPU, cache=SessionCache(max_bytes=max_bytes), batch_bytes=batch_bytes)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What sessions are asked for, run by run."""
    noted, run = [], Session.run

    def spy(self: Session, feeds: dict[str, Any], fetch: list[str], **rest: Any) -> dict[str, Any]:
        noted.append(tuple(fetch))
        return run(self, feeds, fetch, **rest)

    monkeypatch.setattr(Session, "run", spy)
    return noted


# --- pullbacks


@pytest.mark.parametrize("batch", ["n", 1, 5])
def test_a_pullback_gives_one_gradient_for_each_image(batch: int | str) -> None:
    x = images(7)
    run = Run(engine(batch=batch))
    gradient: list[np.ndarray] = []
    which: list[int] = []

    for rows, values, pullback in run.pullbacks(x, source="scores", policy="gradient"):
        seeds = np.zeros_like(values)
        seeds[:, 1] = 1
        found = pullback(seeds)
        assert isinstance(found, DeviceTensor)
        assert found.shape == (len(rows), *x.shape[1:])
        gradient.append(found.numpy())
        which += rows

    assert which == list(range(7))
    expected = saliency(run, prepare(run.engine.model, x), [Class(1)])
    np.testing.assert_allclose(np.concatenate(gradient), expected.maps, atol=2e-6)


@pytest.mark.parametrize("batch", ["n", 1, 2])
@pytest.mark.parametrize("batch_bytes", [512 << 20, 1])
def test_many_seeds_of_one_image_share_its_forward_pass(
    runs: list[Any], batch: int | str, batch_bytes: int
) -> None:
    run = Run(engine(batch=batch, batch_bytes=batch_bytes))
    pulled = run.pullbacks(images(1), source="scores", policy="gradient", seeds=CLASSES)
    ((_, values, pullback),) = pulled
    seeds = np.eye(CLASSES, dtype=np.float32)

    together = pullback(seeds).numpy()
    alone = [pullback(seed[None]).numpy() for seed in seeds]

    assert values.shape == (1, CLASSES)
    assert together.shape[0] == CLASSES
    np.testing.assert_allclose(together, np.concatenate(alone), atol=2e-6)
    assert [name for fetch in runs for name in fetch].count("scores") == 1
    if batch == "n":
        assert len(runs) == 1 + (1 if batch_bytes > 1 else CLASSES) + CLASSES


def test_seeds_on_the_device_are_taken_as_they_are() -> None:
    run = Run(engine())
    ((_, values, pullback),) = run.pullbacks(images(3), source="scores", policy="gradient", toward="relu1")
    seeds = np.random.default_rng(0).standard_normal(np.shape(values)).astype(np.float32)

    found = pullback(DeviceTensor.place(seeds))

    assert found.shape == (3, 8, 16, 12)
    np.testing.assert_array_equal(found.numpy(), pullback(seeds).numpy())


def test_a_gradient_outlives_its_tensor() -> None:
    """The last batch of a fixed size is cut to its images: on the CPU a view of the memory of the whole."""
    run = Run(engine(batch=5))
    ((_, values, pullback),) = run.pullbacks(images(3), source="scores", policy="gradient")
    seeds = np.ones_like(values)

    found = pullback(seeds).numpy()
    kept = found.copy()
    for _ in range(20):
        pullback(seeds * 7).numpy()

    np.testing.assert_array_equal(found, kept)


# --- scans


def test_a_scan_in_parts_gives_what_one_run_gives(runs: list[Any]) -> None:
    x = images(5)
    whole = Run(engine()).forward(x, LAYERS)
    assert runs == [LAYERS]
    runs.clear()
    small = Run(engine(batch_bytes=10_000))
    seen: dict[str, list[int]] = {name: [] for name in LAYERS}

    for rows, found in small.scan(x, LAYERS):
        for name, values in found.items():
            seen[name] += rows
            np.testing.assert_allclose(values, whole[name][rows.start : rows.stop], atol=1e-5)

    assert all(rows == list(range(5)) for rows in seen.values())
    assert [name for fetch in runs[: len(runs) // 5] for name in fetch] == list(LAYERS)
    sizes = {name: whole[name][0].nbytes for name in LAYERS}
    assert len(runs) > 5
    for fetch in runs:
        assert len(fetch) == 1 or sum(sizes[name] for name in fetch) <= 10_000
    for name, values in small.forward(x, LAYERS).items():
        np.testing.assert_allclose(values, whole[name], atol=1e-5)


def test_a_scan_that_is_left_runs_no_further(runs: list[Any]) -> None:
    for _ in Run(engine(batch_bytes=1)).scan(images(4), LAYERS):
        break

    assert runs == [("conv1",)]


def test_cancellation_ends_scans_and_pullbacks() -> None:
    control = Control(cancellation=Cancellation())
    run = Run(engine(batch_bytes=1), control=control)
    scanned = run.scan(images(2), LAYERS)
    next(scanned)
    ((_, values, pullback),) = run.pullbacks(images(1), source="scores", policy="gradient")
    control.cancellation.cancel("enough")

    with pytest.raises(CancelledError, match="enough"):
        next(scanned)
    with pytest.raises(CancelledError, match="enough"):
        pullback(np.ones_like(values))


# --- notes and seeds


def test_notes_come_once_in_their_order_with_their_ids() -> None:
    run = Run(engine())
    assert not run.notes
    for name, text in [("b", "Second letter."), ("a", "First."), ("b", "Second letter."), ("b", "Another.")]:
        run.note(name, text)

    assert run.notes == ("Second letter.", "First.", "Another.")
    assert [note.id for note in run.notes] == ["b", "a", "b"]


def test_random_numbers_begin_anew() -> None:
    run = Run(engine(), seed=4)
    drawn = [run.generator(), run.generator(), run.generator(4), run.generator(5)]
    first, second, same, other = (generator.integers(1 << 60) for generator in drawn)

    assert first == second == same != other


# --- what is kept


def kept(own: Engine, cache: SessionCache) -> int:
    """Count all that an engine and its cache hold, apart from the model and the plans of passes, which are few."""
    seen: dict[int, object] = {}
    waiting: list[object] = [own, cache]
    while waiting:
        one = waiting.pop()
        is_own = type(one).__module__.startswith(("inspector.engine", "inspector.runtime"))
        if id(one) in seen or not (is_own or isinstance(one, (dict, list, tuple, set))):
            continue
        seen[id(one)] = one
        if not isinstance(one, (Session, Backward)):
            apart = (own.model, own.pass_plans)
            waiting += [other for other in gc.get_referents(one) if not any(other is it for it in apart)]
    return sum(len(one) for one in seen.values() if isinstance(one, (dict, list, tuple, set)))


def test_nothing_grows_when_sessions_are_evicted() -> None:
    cache = SessionCache(max_bytes=1)
    own = Engine(read_model(small_cnn(height="h", width="w")), device=CPU, cache=cache)
    pairs = list(itertools.product(("relu1", "relu2", "conv2"), POLICIES.keys()))
    counts = []

    for number, (layer, policy) in enumerate(pairs * 2):
        x = images(1, height=16 + number, width=14)
        run = Run(own)
        overrides = {layer: policy}
        for _, values, pullback in run.pullbacks(
            x, source="scores", policy="lrp_epsilon" if "lrp" in policy else "gradient", overrides=overrides
        ):
            pullback(np.ones_like(values))
        counts.append(kept(own, cache))

    assert len(cache) == 1
    assert len(pairs) > 20
    # Only the sizes of activations grow, by a few tensors for each size of an image, and are bounded.
    grown = np.diff(counts[len(pairs) :])
    assert grown.max() <= 2 * len(own.model.shapes)
    assert (
        max(
            len(one)
            for one in (own.room._sizes, own.room._peaks, own._plans, cache._making, own.sessions._weights)
        )
        <= 64
    )
    assert len(own.pass_plans) <= 16 < len(pairs)
    own.room._sizes._known.clear()
    own.room._peaks._known.clear()
    own._plans._known.clear()
    assert kept(own, cache) <= counts[0]
