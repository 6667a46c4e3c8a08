"""The pass that rules share: what every layer gives over the images."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, numpy_helper

import inspector
from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.activity import MOST_IMAGES, Activity, activity
from inspector.checks.measures.bounds import Bounds, bounds_of
from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import EngineError
from inspector.types.arrays import Array
from inspector.types.requests.check import CheckRequest
from tests.support.graphs import model, node
from tests.support.quantized_cnn import quantized_cnn
from tests.support.toys import SIDE, toy_cnn


def images(count: int) -> Array:
    return np.random.default_rng(2).standard_normal((count, 3, SIDE, SIDE)).astype(np.float32)


def examined(data: bytes, **given: Any) -> tuple[Run, Activity]:
    with inspector.load(data, device="cpu") as loaded:
        run = Run(loaded.backend.engine)  # type: ignore[attr-defined]
        return run, activity(Examination(run, CheckRequest(**given)))


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("batch", ["batch", 1, 2])
def test_every_layer_is_tallied_as_its_values_are(batch: int | str, count: int) -> None:
    given = images(count)
    run, found = examined(toy_cnn(batch=batch), images=given)
    assert found.images == count
    names = [layer.output for layer in run.engine.model.layers]
    assert list(found.layers) == names
    with inspector.load(toy_cnn(batch=batch), device="cpu") as loaded:
        values = Run(loaded.backend.engine).forward(given, names)  # type: ignore[attr-defined]
    for name, one in found.layers.items():
        array = values[name]
        assert one.tally.count == array.size
        assert one.tally.highest == pytest.approx(array.max(), rel=1e-6)
        assert one.tally.lowest == pytest.approx(array.min(), rel=1e-6)


def test_the_first_images_are_looked_at_and_a_note_says_so() -> None:
    run, found = examined(toy_cnn(), images=list(images(MOST_IMAGES + 3)))
    assert found.images == MOST_IMAGES
    assert any(f"first {MOST_IMAGES} images" in note for note in run.notes)
    run, found = examined(toy_cnn(), images=list(images(3)))
    assert run.notes == ()


def test_images_that_do_not_fit_at_once_are_taken_layer_by_layer() -> None:
    given = images(3)
    with inspector.load(toy_cnn(), device="cpu") as loaded:
        run = Run(loaded.backend.engine)  # type: ignore[attr-defined]
        whole = activity(Examination(run, CheckRequest(images=given)))
        run.engine.room.run_bytes = 1
        apart = activity(Examination(run, CheckRequest(images=given)))
    for name, one in whole.layers.items():
        assert apart.layers[name].tally.highest == pytest.approx(one.tally.highest, rel=1e-6)
        assert apart.layers[name].tally.lowest == pytest.approx(one.tally.lowest, rel=1e-6)
        assert apart.layers[name].tally.count == one.tally.count


def test_values_are_gone_before_the_next_ones_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.checks.measures.activity._MOST_TOGETHER", 1)
    alive: list[weakref.ref[Array]] = []
    fetch = Engine.fetch

    def watched(self: Engine, chunk: Array, *args: Any, **given: Any) -> Any:
        assert not [one for one in alive if one() is not None]
        return fetch(self, chunk, *args, **given)

    values = Engine.values

    def kept(self: Engine, *args: Any, **given: Any) -> Array:
        found = values(self, *args, **given).copy()
        if args[0] != "scores":  # the last one is still in the hands of the loop
            alive.append(weakref.ref(found))
        return found

    monkeypatch.setattr(Engine, "fetch", watched)
    monkeypatch.setattr(Engine, "values", kept)
    _, found = examined(toy_cnn(), images=images(3))
    assert found.images == 3
    assert len(alive) == 3 * (len(found.layers) - 1)


def test_a_model_that_fails_with_several_images_is_looked_at_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch, sizes = Engine.fetch, []

    def fussy(self: Engine, chunk: Array, *args: Any, **given: Any) -> Any:
        sizes.append(len(chunk))
        if len(chunk) > 1:
            raise EngineError("one image, please")
        return fetch(self, chunk, *args, **given)

    monkeypatch.setattr(Engine, "fetch", fussy)
    _, found = examined(toy_cnn(), images=images(3))
    assert sizes == [3, 1, 1, 1]
    assert found.layers["relu1"].tally.count == 3 * 6 * SIDE * SIDE


def test_rules_of_numbers_and_of_health_share_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch, sizes = Engine.fetch, []

    def counted(self: Engine, chunk: Array, *args: Any, **given: Any) -> Any:
        sizes.append(len(chunk))
        return fetch(self, chunk, *args, **given)

    monkeypatch.setattr(Engine, "fetch", counted)
    with inspector.load(toy_cnn(), device="cpu") as loaded:
        settings: Any = {"dead-channels.images": 3}
        rules = ("activations-finite", "saturated", "dead-channels", "constant-outputs")
        said = loaded.check(select=list(rules), images=list(images(3)), **settings)
    assert [one.outcome for one in said.verdicts] == ["passed"] * len(rules)
    assert sizes == [3]


def test_without_images_there_is_nothing_to_see() -> None:
    with pytest.raises(SkippedError, match="give --data"):
        examined(toy_cnn())


def bounded(proto: ModelProto) -> dict[str, Bounds]:
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        return dict(bounds_of(loaded.backend.engine.model))  # type: ignore[attr-defined]


def test_bounds_are_those_of_operators_that_clip_and_squash() -> None:
    nodes = [
        node("Clip", ["x", "zero", "six"], "clipped"),
        node("Clip", ["x", "", "six"], "capped"),
        node("Min", ["x", "six"], "least"),
        node("Max", ["x", "six"], "most"),
        node("Sigmoid", ["x"], "gate"),
        node("Tanh", ["x"], "squashed"),
        node("Relu", ["x"], "relu"),
        node("Sum", ["clipped", "capped", "least", "most", "gate", "squashed", "relu"], "scores"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {"zero": np.float32(0), "six": np.float32(6)}
    found = bounded(model(nodes, shape=("n", 3, 4, 4), weights=weights))
    assert found == {
        "clipped": Bounds(high=6.0),
        "capped": Bounds(high=6.0),
        "least": Bounds(high=6.0),
        "most": Bounds(low=6.0),
        "gate": Bounds(high=1.0),
        "squashed": Bounds(low=-1.0, high=1.0),
        "relu": Bounds(),
        "scores": Bounds(),
    }


def test_bounds_may_be_one_number_many_times() -> None:
    nodes = [
        node("ConstantOfShape", ["shape"], "sixes", value=numpy_helper.from_array(np.array([6], np.float32))),
        node("Min", ["x", "sixes"], "clipped"),
        node("Max", ["clipped", "ones"], "scores"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {"shape": np.array([4]), "ones": np.ones(4, np.float32)}
    found = bounded(model(nodes, shape=("n", 3, 4, 4), weights=weights))
    assert (found["clipped"], found["scores"]) == (Bounds(high=6.0), Bounds(low=1.0))


def test_bounds_of_codes_are_their_first_and_last_but_0() -> None:
    found = bounded(quantized_cnn())
    assert found["relu0_d"].low is None
    assert found["relu0_d"].high == pytest.approx(254.5 * 6 / 255)
    assert found["x_d"].low == pytest.approx(-127.5 * 4 / 127)
    assert found["x_d"].high == pytest.approx(126.5 * 4 / 127)
