"""Variants that run beside each other: chunks of the same length, and whole images on one thread each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.engine.scan import Scanned
from inspector.engine.sweeping import prepare as preparing
from inspector.engine.sweeping import sweep as sweeping
from inspector.engine.sweeping.beside import evenly
from inspector.engine.sweeping.incremental import Incremental, Memory
from inspector.engine.sweeping.plain import PlainLoop
from inspector.engine.sweeping.sweep import Sweeping
from inspector.engine.sweeping.variants import Variants
from inspector.runtime.cache import briefly
from inspector.runtime.session import Session
from tests.support.layered import Layered
from tests.support.sweeps import loaded_engine, parting_of, random_variants, whole

COUNT = 61
IMAGE = (3, 12, 12)


def gated() -> Layered:
    """Return a network that sees all of the image at every place from its first layer on: crops gain nothing."""
    net = Layered(7)
    net.image = IMAGE
    flat = net.add("Flatten", [net.at])
    net.at = net.add("Gemm", [flat, net.random(int(np.prod(IMAGE)), 40)])
    net.at = net.add("Gemm", [net.add("Relu", [net.at]), net.random(40, 5)])
    return net


@pytest.fixture
def variants() -> Variants:
    rng = np.random.default_rng(4)
    return random_variants(rng.standard_normal((1, *IMAGE)).astype(np.float32), (2, 3), rng, count=COUNT)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> list[range]:
    """Take whole images beside each other wherever they agree; give the chunks that run so."""
    monkeypatch.setattr(preparing, "_OPENING", -1.0)
    monkeypatch.setattr(preparing, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(sweeping, "_GAIN", 1e9)
    seen: list[range] = []
    call = Incremental.__call__

    def noted(
        self: Incremental, numbers: range, patches: Sequence[np.ndarray], memory: Memory
    ) -> dict[str, np.ndarray]:
        assert not self.route.stages
        seen.append(numbers)
        return call(self, numbers, patches, memory)

    monkeypatch.setattr(Incremental, "__call__", noted)
    return seen


def assert_right(engine: Engine, net: Layered, variants: Variants) -> None:
    found = [part[net.at] for _, part in Sweeping(Run(engine), variants, [net.at]).answers()]
    expected = whole(net.proto(net.at), variants, [net.at])[net.at]
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("threads", ["1", "2"])
def test_whole_images_run_beside_each_other_on_weights_laid_out_for_them(
    threads: str, variants: Variants, eager: list[range], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECTOR_THREADS", threads)
    opened: list[tuple[int | None, bool]] = []
    make = Session.__init__

    def spied(
        self: Session, *args: object, threads: int | None = None, prepacked: bool = False, **more: object
    ) -> None:
        opened.append((threads, prepacked))
        make(self, *args, threads=threads, prepacked=prepacked, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "__init__", spied)
    net = gated()
    engine = loaded_engine(net.proto(net.at))
    assert_right(engine, net, variants)
    tried = len(eager)
    assert (1, True) in opened
    assert_right(engine, net, variants)
    assert sum(map(len, eager[tried:])) == COUNT
    assert opened.count((1, True)) == 1


def test_a_session_for_them_is_made_once_enough_could_have_been_spared(
    variants: Variants, eager: list[range], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image costs a second, and a session what is spared in two sweeps and a half."""
    now = [0.0]
    plain = PlainLoop.__call__

    def slow(loop: PlainLoop, numbers: range) -> Iterator[Scanned]:
        now[0] += len(numbers)
        return plain(loop, numbers)

    monkeypatch.setenv("INSPECTOR_THREADS", "1")
    monkeypatch.setattr(PlainLoop, "__call__", slow)
    monkeypatch.setattr(time, "process_time", lambda: now[0])
    monkeypatch.setattr(preparing, "_OPENING", 2.5 * preparing._SPARED * (COUNT - 2 * preparing._COUNT))
    net = gated()
    engine = loaded_engine(net.proto(net.at))
    for number in range(4):
        assert_right(engine, net, variants)
        assert bool(eager) == (number >= 2)


def test_a_network_that_is_done_in_no_time_keeps_to_the_plain_loop(
    variants: Variants, eager: list[range], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is asked: its answers do not depend on what was measured, and are those of every process."""
    monkeypatch.setattr(preparing, "_LEAST_SECONDS", 1.0)
    net = gated()
    engine = loaded_engine(net.proto(net.at))
    for _ in range(3):
        assert_right(engine, net, variants)
    assert not eager


def test_what_is_slow_at_first_is_timed_again(
    variants: Variants, eager: list[range], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_GAIN", 0.97)
    monkeypatch.setenv("INSPECTOR_THREADS", "1")
    monkeypatch.setattr(sweeping, "_agrees", lambda *_: True)
    now, runs = [0.0], [0]
    ended = Incremental._ended

    def slow(self: Incremental, whole: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
        runs[0] += 1
        now[0] += count * (9.0 if runs[0] == 1 else 0.1)
        return ended(self, whole, count)

    monkeypatch.setattr(Incremental, "_ended", slow)
    monkeypatch.setattr(time, "process_time", lambda: now.__setitem__(0, now[0] + 0.5) or now[0])
    net = gated()
    engine = loaded_engine(net.proto(net.at))
    assert_right(engine, net, variants)
    seen = len(eager)
    assert_right(engine, net, variants)
    assert sum(map(len, eager[seen:])) == COUNT


@pytest.mark.parametrize(
    ("count", "most", "workers", "lengths"),
    [
        (169, 16, 2, [14, 15]),
        (169, 32, 2, [28, 29]),
        (7, 16, 2, [3, 4]),
        (1, 16, 2, [1]),
        (0, 16, 2, []),
        (100, 16, 1, [14, 15]),
    ],
)
def test_chunks_are_as_many_for_each_thread_and_of_one_length(
    count: int, most: int, workers: int, lengths: list[int]
) -> None:
    chunks = evenly(range(5, 5 + count), most=most, workers=workers)

    assert [number for chunk in chunks for number in chunk] == list(range(5, 5 + count))
    assert sorted({len(chunk) for chunk in chunks}) == lengths
    assert count < workers or len(chunks) % workers == 0


def test_a_copy_of_weights_that_is_laid_out_counts() -> None:
    """The cache forgets by what sessions hold."""
    net = gated()
    engine = loaded_engine(net.proto(net.at))
    sessions = parting_of(engine, [net.at])
    _, _, graph = sessions.parting.rest((engine.model.input.name,))
    assert graph is not None
    plain, often = (sessions.opened(graph, often=often).size for often in (False, True))
    assert often - plain == sum(weight.nbytes for weight in graph.weights.values()) > 0


def test_sessions_that_are_soon_forgotten_take_no_copy_of_the_weights() -> None:
    """`inspector check` holds two models, and a sweep of each lasts for one rule."""
    net = gated()
    engine = loaded_engine(net.proto(net.at))
    sessions = parting_of(engine, [net.at])
    _, _, graph = sessions.parting.rest((engine.model.input.name,))
    assert graph is not None
    plain = sessions.opened(graph).size
    with briefly():
        assert sessions.opened(graph, often=True).size == plain
    assert sessions.opened(graph, often=True).size > plain
