"""A detector's map takes one run there and one back: what chooses the box saves what the way back from it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.engine import foreseen as foreseeing_of
from inspector.engine.backward_graphs import BackwardGraphs
from inspector.engine.foreseen import HeldPass, saved_from_any
from inspector.engine.pass_plan import Way
from inspector.engine.run import Run
from inspector.errors import UnsupportedOperatorError
from inspector.model.heads.head import BOXES, Columns
from inspector.resolve.boxes.choice import detections_of
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from inspector.types.targets import Class
from tests.support.all_tails import all_tails
from tests.support.in_process import engine_of
from tests.support.tails import SIDE, Tail, network
from tests.support.zoo import Zoo

TAILS = {name: tail for name, tail in all_tails().items() if tail.meaning == BOXES}
POLICIES = ("saliency", "deconvnet", "guided", "gradcam")


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, 3, SIDE, SIDE)).astype(np.float32)


def loaded(tail: Tail, *, batch: int | str = "n") -> inspector.Model:
    return inspector.load(network(tail, seed=1, batch=batch).SerializeToString(), device="cpu")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], tuple[Any, int]]:
    """Return what a call returns, and how many sessions ran in it."""
    runs, bare = [], Session.run

    def spy(self: Session, feeds: Any, fetch: Any, **rest: Any) -> Any:
        runs.append(tuple(fetch))
        return bare(self, feeds, fetch, **rest)

    monkeypatch.setattr(Session, "run", spy)

    def count(call: Callable[[], Any]) -> tuple[Any, int]:
        runs.clear()
        return call(), len(runs)

    return count


def found_on(model: inspector.Model, x: np.ndarray) -> dict[str, np.ndarray]:
    engine = engine_of(model)
    return Run(engine).forward(x, [output.name for output in engine.model.outputs])


@pytest.mark.parametrize("method", POLICIES)
@pytest.mark.parametrize("name", TAILS)
def test_maps_are_those_of_a_pass_of_their_own(
    name: str, method: str, counted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loaded(TAILS[name]) as foreseeing, loaded(TAILS[name]) as other:
        for x in images(4):
            foreseeing.attribute(x[None], method=method)
            mine, few = counted(lambda x=x: foreseeing.attribute(x[None], method=method))
            with monkeypatch.context() as patched:
                patched.setattr(foreseeing_of, "saved_from_any", lambda *_, **__: None)
                other.attribute(x[None], method=method)
                theirs, many = counted(lambda x=x: other.attribute(x[None], method=method))
            if method == "gradcam":  # chosen before it is known at which layer it is read
                assert few == many
            else:
                assert few == 2
                assert many == (2 if name == "maps of several boxes per place" else 3)
            assert mine.targets[0].position == theirs.targets[0].position
            np.testing.assert_allclose(
                mine.maps, theirs.maps, rtol=1e-4, atol=1e-5 * np.abs(theirs.maps).max()
            )


def test_boxes_of_every_scale_come_back_from_there(counted: Any) -> None:
    with loaded(TAILS["two scales"]) as model:
        seen = detections_of(
            engine_of(model), engine_of(model).head, found_on(model, images(1)), 0, images(1)
        )
        targets = [Class(1, position=(box,)) for box in (0, seen.count - 1)]
        for x in images(3):
            tensors = set()
            several = model.attribute(x[None], target=targets)
            for target, expected in zip(targets, several.maps, strict=True):
                one = model.attribute(x[None], target=target)
                again, few = counted(lambda x=x, target=target: model.attribute(x[None], target=target))
                assert few == 2
                np.testing.assert_array_equal(one.maps, again.maps)
                np.testing.assert_allclose(one.maps[0], expected, rtol=1e-4, atol=1e-6)
                tensors.add(one.targets[0].tensor)
            assert len(tensors) == 2, "or this says nothing of scales"


def test_a_scale_without_a_way_back_does_not_hinder_the_others(
    counted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = BackwardGraphs.fed
    asked = []

    def refused(self: BackwardGraphs, key: Any, **rest: Any) -> Any:
        asked.append(key)
        if len(asked) == 2:
            raise UnsupportedOperatorError("planted")
        return real(self, key, **rest)

    with loaded(TAILS["two scales"]) as model, loaded(TAILS["two scales"]) as other:
        expected = other.attribute(images(1)).maps
        monkeypatch.setattr(BackwardGraphs, "fed", refused)
        model.attribute(images(1))
        found, many = counted(lambda: model.attribute(images(1)))
        assert (many, len(asked)) == (3, 2), "it is asked once"
        np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-6)


def test_a_graph_that_was_written_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    written, real = [], BackwardGraphs._write

    def spy(self: BackwardGraphs, key: Any, shapes: Any) -> Any:
        written.append(key)
        return real(self, key, shapes)

    monkeypatch.setattr(BackwardGraphs, "_write", spy)
    with loaded(TAILS["two scales"]) as model:
        first = model.attribute(images(1))
        assert len(written) == 2
        assert engine_of(model).sessions.backward_graphs._written == {}
        for _ in range(2):
            np.testing.assert_array_equal(model.attribute(images(1)).maps, first.maps)
        assert len(written) == 2


@pytest.mark.parametrize("batch", [3, "n"])
def test_of_several_images_each_box_is_chosen_first(batch: int | str, counted: Any) -> None:
    with loaded(TAILS["two scales"], batch=batch) as model, loaded(TAILS["two scales"]) as other:
        found = model.attribute(images(3))
        for x, one in zip(images(3), found.maps, strict=True):
            expected = other.attribute(x[None]).maps[0]
            np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-6)


def test_another_image_or_tensor_is_not_given() -> None:
    x = images(2)
    held = HeldPass(image=x[:1], found={"a": DeviceTensor.place(x)})
    assert held.given(x[:1], ["a"]) is not None
    assert held.given(x[1:], ["a"]) is None
    assert held.given(x[:1].copy(), ["a"]) is None
    assert held.given(x[:1, :, ::-1], ["a"]) is None
    assert held.given(x, ["a"]) is None
    assert held.given(x[:1], ["a", "b"]) is None


def test_nothing_is_held_after_the_call() -> None:
    with loaded(TAILS["two scales"]) as model:
        run = Run(engine_of(model))
        with pytest.raises(ZeroDivisionError), run.foreseeing([], [], targets=1):
            assert run._foreseen is not None
            run._foreseen.held = HeldPass(image=images(1), found={})
            raise ZeroDivisionError
        assert run._foreseen is None


def test_many_scales_are_not_foreseen() -> None:
    with loaded(TAILS["two scales"]) as model:
        engine = engine_of(model)
        tensors = [layer.output for layer in engine.model.layers]
        way = Way(toward=engine.model.input.name, policy="gradient")
        assert len(tensors) > 4
        assert saved_from_any(engine, images(1), sources=tensors, ways=[way]) is None
        assert saved_from_any(engine, images(1), sources=tensors[-2:], ways=[way]) is not None
        assert saved_from_any(engine, images(2), sources=tensors[-2:], ways=[way]) is None


def test_yolox_of_the_zoo_takes_two_runs(zoo: Zoo, counted: Any) -> None:
    with inspector.load(zoo.model("yolox_nano"), device="cpu") as model:
        photo = zoo.image("dog_winml.jpg")
        for target in (None, Class(16)):
            model.attribute([photo], target=target)
            assert counted(lambda target=target: model.attribute([photo], target=target))[1] == 2


@pytest.mark.parametrize("seed", range(60))
def test_the_place_of_a_number_is_where_it_is_read(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(side) for side in rng.integers(1, 5, rng.integers(1, 5)))
    axis = int(rng.integers(-len(shape), 0))
    groups = int(rng.choice([1, 1, 3]))
    own = shape[axis]
    shape = tuple(side * groups if place == axis % len(shape) else side for place, side in enumerate(shape))
    start = int(rng.integers(0, own))
    columns = Columns(output="y", axis=None if seed % 7 == 0 else axis, start=start, groups=groups)
    read = columns.of(np.arange(np.prod(shape)).reshape(shape))
    for (column, box), place in np.ndenumerate(read):
        assert columns.place(shape, column=column, box=box) == place
