"""Which way a sweep goes: crops only where they agree and gain, the plain loop else; both find their own pace."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import onnx
import pytest

from inspector.engine.engine import Engine
from inspector.engine.room import Room
from inspector.engine.run import Run
from inspector.engine.scan import Scanned
from inspector.engine.sweeping import prepare as preparing
from inspector.engine.sweeping import sweep as sweeping
from inspector.engine.sweeping.incremental import Incremental, Memory
from inspector.engine.sweeping.plain import PlainLoop
from inspector.engine.sweeping.sweep import Sweeping
from inspector.engine.sweeping.trials import Trials
from inspector.engine.sweeping.variants import Variants
from inspector.errors import CancelledError
from inspector.graph.incremental.costs import Costs
from inspector.graph.incremental.route import Route, Routes
from inspector.graph.totals import totals_of
from inspector.model.checks.limits import Limits
from inspector.types.control import Cancellation, Control
from tests.support.layered import Layered
from tests.support.sweeps import loaded_engine, random_variants, whole

COUNT = 41


@pytest.fixture
def net() -> Layered:
    net = Layered(5)
    net.image = (3, 40, 36)
    for stride in (1, 2, 1):
        net.at = net.add(
            "Conv", [net.at, net.random(4, net.channels, 3, 3)], pads=[1] * 4, strides=[stride] * 2
        )
        net.channels = 4
        net.at = net.add("Relu", [net.at])
    net.at = net.add("Flatten", [net.add("GlobalAveragePool", [net.at])])
    return net


@pytest.fixture
def engine(net: Layered) -> Engine:
    return loaded_engine(net.proto(net.at))


@pytest.fixture
def variants(net: Layered) -> Variants:
    rng = np.random.default_rng(3)
    return random_variants(rng.standard_normal((1, *net.image)).astype(np.float32), (2, 3), rng, count=COUNT)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[range]]:
    """Take crops wherever they agree, whatever they cost; give the chunks that are run on crops."""
    monkeypatch.setattr(preparing, "_WORTH", 1e9)
    monkeypatch.setattr(preparing, "_OPENING", -1.0)
    monkeypatch.setattr(sweeping, "_GAIN", 1e9)
    monkeypatch.setattr(Routes, "best", lambda self, boxes, rates, count: self.after(2, boxes))
    seen: list[range] = []
    call = Incremental.__call__

    def noted(
        self: Incremental, numbers: range, patches: Sequence[np.ndarray], memory: Memory
    ) -> dict[str, np.ndarray]:
        if self.route.stages:
            seen.append(numbers)
        return call(self, numbers, patches, memory)

    monkeypatch.setattr(Incremental, "__call__", noted)
    return iter([seen])


def answers(engine: Engine, variants: Variants, tensor: str, *, at_most: int | None = None) -> np.ndarray:
    done, rows = 0, []
    for numbers, found in Sweeping(Run(engine), variants, [tensor], at_most=at_most).answers():
        assert numbers.start == done
        done = numbers.stop
        rows.append(found[tensor].copy())
    assert done == len(variants)
    return np.concatenate(rows)


@pytest.mark.parametrize("threads", ["1", "3"])
def test_crops_are_taken_and_give_every_answer_in_order(
    threads: str,
    net: Layered,
    variants: Variants,
    eager: Iterator[list[range]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INSPECTOR_THREADS", threads)
    engine, seen = loaded_engine(net.proto(net.at)), next(eager)
    expected = whole(net.proto(net.at), variants, [net.at])[net.at]
    for _ in range(2):  # the first finds out, the second knows
        np.testing.assert_allclose(answers(engine, variants, net.at), expected, atol=1e-6)
    assert sum(map(len, seen)) >= 2 * COUNT - 16


def test_crops_that_disagree_are_not_taken(
    net: Layered,
    engine: Engine,
    variants: Variants,
    eager: Iterator[list[range]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Incremental, "_ended", lambda *_: {net.at: np.zeros((16, 4), np.float32)})
    expected = whole(net.proto(net.at), variants, [net.at])[net.at]

    seen = next(eager)
    np.testing.assert_allclose(answers(engine, variants, net.at), expected, atol=1e-6)
    assert {number for numbers in seen for number in numbers} == set(range(-(-COUNT // 3)))
    tried = len(seen)
    np.testing.assert_allclose(answers(engine, variants, net.at), expected, atol=1e-6)
    assert len(seen) == tried


@pytest.mark.parametrize(
    ("whole_costs", "threads", "room", "is_taken"),
    [
        (1.0, 1, 64, False),
        (3.0, 1, 64, True),
        (3.0, 4, 64, True),
        pytest.param(3.0, 4, 1, False, id="crops on one thread, whole images on four"),
        pytest.param(9.0, 4, 1, True, id="and yet crops gain"),
    ],
)
def test_what_runs_cost_when_they_have_run_before_decides(
    net: Layered,
    engine: Engine,
    variants: Variants,
    eager: Iterator[list[range]],
    monkeypatch: pytest.MonkeyPatch,
    whole_costs: float,
    threads: int,
    room: int,
    *,
    is_taken: bool,
) -> None:
    """The first whole images take ten times as long, as they do; crops cost 2 each, of the time of processors."""
    monkeypatch.setenv("INSPECTOR_THREADS", str(threads))
    monkeypatch.setattr(Room, "at_a_time", lambda *_: room)
    monkeypatch.setattr(sweeping, "_GAIN", 0.97)
    now, before = [0.0], [0]
    plain, crops = PlainLoop.__call__, Incremental.__call__

    def slow(loop: PlainLoop, numbers: range) -> Iterator[Scanned]:
        now[0] += whole_costs * len(numbers) * (1 if before[0] else 10)
        before[0] += len(numbers)
        return plain(loop, numbers)

    def cropped(
        self: Incremental, numbers: range, patches: Sequence[np.ndarray], memory: Memory
    ) -> dict[str, np.ndarray]:
        now[0] += 2.0 * len(numbers)
        return crops(self, numbers, patches, memory)

    monkeypatch.setattr(PlainLoop, "__call__", slow)
    monkeypatch.setattr(Incremental, "__call__", cropped)
    monkeypatch.setattr(time, "process_time", lambda: now[0])
    expected = whole(net.proto(net.at), variants, [net.at])[net.at]

    np.testing.assert_allclose(answers(engine, variants, net.at), expected, atol=1e-6)

    seen = next(eager)
    count = sum(map(len, seen))
    answers(engine, variants, net.at)
    assert sum(map(len, seen)) - count == (COUNT if is_taken else 0)


def test_a_batch_of_one_runs_whole_and_alone(
    net: Layered, engine: Engine, variants: Variants, eager: Iterator[list[range]]
) -> None:
    first = answers(engine, variants, net.at, at_most=1)
    assert next(eager) == []
    np.testing.assert_array_equal(first, answers(engine, variants, net.at, at_most=1))
    np.testing.assert_array_equal(first, whole_by(engine, variants, net.at))


def whole_by(engine: Engine, variants: Variants, tensor: str) -> np.ndarray:
    return np.concatenate(
        [Run(engine).forward(variants.image_of(at), [tensor])[tensor] for at in range(len(variants))]
    )


def test_a_cancelled_sweep_ends(
    net: Layered, engine: Engine, variants: Variants, eager: Iterator[list[range]]
) -> None:
    token = Cancellation()
    run = Run(engine, control=Control(cancellation=token))
    with pytest.raises(CancelledError):
        for _ in Sweeping(run, variants, [net.at]).answers():
            token.cancel()


def test_sums_are_those_of_the_maps(net: Layered, engine: Engine, variants: Variants) -> None:
    tensor = next(layer.output for layer in engine.model.layers if layer.op_type == "Relu")
    name = totals_of(tensor, axis=1, rank=4)
    found = Run(engine).forward(variants.image, [name, tensor])

    assert found[name].shape == (1, 4)
    np.testing.assert_allclose(found[name], found[tensor].sum(axis=(2, 3)), rtol=1e-5)


def test_the_plain_loop_leaves_no_square_behind(net: Layered, engine: Engine, variants: Variants) -> None:
    rows = [found[net.at] for _, found in PlainLoop(Run(engine), variants, [net.at], at_most=3)(range(COUNT))]
    expected = whole(net.proto(net.at), variants, [net.at])[net.at]

    np.testing.assert_allclose(np.concatenate(rows), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("cost", "best"),
    [
        ({2: 2.0, 4: 1.0, 8: 1.2, 16: 0.1}, 4),
        ({2: 2.0, 4: 1.0, 8: 0.9, 16: 0.5, 32: 0.6}, 16),
        ({1: 0.9, 2: 0.8, 4: 1.0, 8: 1.2}, 2),
        ({2: 2.0, 4: 1.0, 8: 0.9, 16: 0.8, 32: 0.7, 64: 0.6}, 40),
    ],
)
def test_batches_grow_as_long_as_that_gains(cost: dict[int, float], best: int) -> None:
    trials, seen = Trials(40, known=None), []
    while True:
        seen.append(trials.size)
        assert len(seen) < 15
        first = 3.0 if seen.count(trials.size) == 1 else 1.0  # the first run of a size is slow
        if trials.tell(trials.size, first * cost.get(trials.size, 0.5) * trials.size):
            break
    assert trials.size == best
    assert not trials.tell(best, 1.0)


def test_the_image_as_it_is_comes_with_the_sweep(
    net: Layered, engine: Engine, variants: Variants, eager: Iterator[list[range]]
) -> None:
    assert next(eager) == []
    found = Sweeping(Run(engine), variants, [net.at]).clean[net.at]

    np.testing.assert_allclose(found, Run(engine).forward(variants.image, [net.at])[net.at], atol=1e-6)


def free(net: Layered) -> onnx.ModelProto:
    """Return the model for images of any size."""
    proto = net.proto(net.at)
    for axis, name in ((2, "height"), (3, "width")):
        proto.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    return proto


def test_images_of_a_free_size_go_on_crops(
    net: Layered, variants: Variants, eager: Iterator[list[range]]
) -> None:
    expected = whole(net.proto(net.at), variants, [net.at])[net.at]

    np.testing.assert_allclose(answers(loaded_engine(free(net)), variants, net.at), expected, atol=1e-6)
    assert next(eager)


def test_maps_that_are_too_much_for_one_run_leave_images_whole(
    net: Layered, variants: Variants, eager: Iterator[list[range]]
) -> None:
    """Crops need the maps of the clean image beside each other: more than a run whose maps come and go."""
    total, _ = loaded_engine(free(net)).room.sizes(variants.image.shape[1:])
    engine = loaded_engine(free(net), limits=Limits(max_run_bytes=total * 2 // 3))
    expected = whole(net.proto(net.at), variants, [net.at])[net.at]

    for _ in range(2):
        np.testing.assert_allclose(answers(engine, variants, net.at), expected, atol=1e-6)
    assert next(eager) == []


def test_more_places_than_may_be_followed_are_run_whole(
    net: Layered, variants: Variants, eager: Iterator[list[range]]
) -> None:
    engine = loaded_engine(free(net), limits=Limits(max_places=60))
    expected = whole(net.proto(net.at), variants, [net.at])[net.at]

    np.testing.assert_allclose(answers(engine, variants, net.at), expected, atol=1e-6)
    assert next(eager) == []


def test_sweeps_of_the_same_places_go_the_same_way_which_is_priced_once(
    net: Layered,
    engine: Engine,
    variants: Variants,
    eager: Iterator[list[range]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert next(eager) == []
    priced: list[int] = []
    best = Routes.best

    def counted(self: Routes, boxes: np.ndarray, costs: Costs, *, count: int) -> Route:
        priced.append(len(boxes))
        return best(self, boxes, costs, count=count)

    monkeypatch.setattr(Routes, "best", counted)
    other = replace(variants, image=variants.image + 1)
    moved = replace(variants, boxes=variants.boxes[::-1].copy())
    for one in (variants, other, moved):
        expected = whole(net.proto(net.at), one, [net.at])[net.at]
        np.testing.assert_allclose(answers(engine, one, net.at), expected, atol=1e-6)
    assert priced == [COUNT, COUNT]
