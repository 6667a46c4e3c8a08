"""A quantized model answers at the highest level that keeps its answers, which is found once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import inspector
from inspector import Class
from inspector.engine.quantized.level import Level, QuantizedLevel, asked_for
from inspector.errors import CancelledError, EngineError, InvalidInputError
from inspector.runtime.session import Optimization
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from tests.support.in_process import engine_of, prepared
from tests.support.quantized_cnn import quantized_cnn
from tests.support.small_cnn import small_cnn
from tests.support.zoo import Zoo

ALL, BASIC = Optimization.ALL, Optimization.BASIC
STEP = 0.1
FILE = quantized_cnn().SerializeToString()
IMAGES = np.random.default_rng(0).uniform(-3, 3, (3, 3, 24, 24)).astype(np.float32)


class Answering:
    """A run of some model; `planted` is added to what it gives above the basic level."""

    def __init__(self, planted: float = 0.0) -> None:
        self.planted = planted
        self.runs: list[Optimization] = []

    def __call__(
        self, level: Optimization, images: Sequence[Array], cancellation: Cancellation | None
    ) -> Iterator[Mapping[str, Array]]:
        for index, image in enumerate(images):
            (cancellation or Cancellation()).raise_if_cancelled()
            self.runs.append(level)
            scores = np.linspace(0, 1, 8, dtype=np.float32)[None] + np.float32(image.mean())
            if level is ALL and index == len(images) - 1:
                scores[0, 2] += np.float32(self.planted)
            yield {"y": scores}


def level_of(answers: Answering, *, sha256: str = "a" * 64) -> QuantizedLevel:
    with inspector.load(FILE, device="cpu") as model:
        spec = replace(engine_of(model).model, sha256=sha256)
    return QuantizedLevel(spec, steps=lambda: {"y": STEP}, answers=answers)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INSPECTOR_CACHE", str(tmp_path))
    return tmp_path


def test_the_highest_level_where_the_answers_stand() -> None:
    assert level_of(Answering()).get() == Level(optimization=ALL)


def test_a_fault_on_the_last_image_is_seen() -> None:
    found = level_of(Answering(planted=-9 * STEP)).get()
    assert found.optimization is BASIC
    assert "by up to 9" in str(found.reason)


def test_it_is_found_once() -> None:
    answers = Answering()
    level = level_of(answers)
    first = level.get()
    runs = len(answers.runs)
    assert level.get() is first
    assert len(answers.runs) == runs > 0


@pytest.mark.parametrize("planted", [0.0, 2.0])
def test_it_is_remembered(cache: Path, planted: float) -> None:
    first = level_of(Answering(planted)).get()
    again = Answering(planted)
    assert level_of(again).get() == first
    assert not again.runs
    assert len(list(cache.rglob("*.json"))) == 1


def test_another_file_is_compared_for_itself(cache: Path) -> None:
    level_of(Answering()).get()
    other = Answering(planted=2.0)
    assert level_of(other, sha256="b" * 64).get().optimization is BASIC
    assert len(list(cache.rglob("*.json"))) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda _: "",
        lambda _: "[]",
        lambda text: text.replace('"ALL"', '"HIGHEST"'),
        lambda text: text.replace('"ALL"', '"BASIC"'),  # whose reason is missing
        lambda text: text.replace("a" * 64, "b" * 64),
        lambda text: json.dumps({**json.loads(text), "value": 3}),
        lambda _: "[" * 100_000,
        lambda _: "\xff",
    ],
)
def test_what_is_half_written_or_of_another_is_compared_again(cache: Path, spoil: object) -> None:
    level_of(Answering()).get()
    (path,) = cache.rglob("*.json")
    path.write_text(spoil(path.read_text()), encoding="latin-1")  # type: ignore[operator]
    again = Answering()
    assert level_of(again).get() == Level(optimization=ALL)
    assert again.runs
    assert json.loads(path.read_text())["value"] == {"level": "ALL", "reason": None}


def test_what_fails_at_a_level_does_not_run_there() -> None:
    class Failing(Answering):
        def __call__(
            self, level: Optimization, images: Sequence[Array], cancellation: Cancellation | None
        ) -> Iterator[Mapping[str, Array]]:
            if level is ALL:
                raise EngineError("No.", reason="RUN_FAILED")
            return super().__call__(level, images, cancellation)

    assert level_of(Failing()).get().optimization is BASIC


def test_one_call_that_is_cancelled_leaves_the_comparison_to_the_next(cache: Path) -> None:
    token, answers = Cancellation(), Answering()
    token.cancel("the client went away")
    level = level_of(answers)
    with pytest.raises(CancelledError):
        level.get(token)
    assert level.known is None
    assert not list(cache.rglob("*.json"))
    assert level.get().optimization is ALL


@pytest.mark.parametrize(("said", "level"), [("basic", BASIC), ("all", ALL)])
def test_the_comparison_can_be_switched_off(
    monkeypatch: pytest.MonkeyPatch, said: str, level: Optimization
) -> None:
    monkeypatch.setenv("INSPECTOR_QUANTIZED", said)
    answers = Answering(planted=2.0)
    assert level_of(answers).get().optimization is level
    assert not answers.runs


def test_another_choice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_QUANTIZED", "fast")
    with pytest.raises(InvalidInputError, match=r"INSPECTOR_QUANTIZED is 'fast'; allowed: auto, basic, all"):
        asked_for()


# --- of real models


def test_loading_and_describing_compare_nothing_and_the_first_answer_decides() -> None:
    with inspector.load(FILE, device="cpu") as model:
        assert model.describe().optimization == ""
        model.predict(IMAGES)
        assert model.describe().optimization == "all"
        assert not model.describe().notes


def test_a_level_that_was_lowered_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_QUANTIZED", "basic")
    with inspector.load(FILE, device="cpu") as model:
        model.predict(IMAGES)
        found = model.describe()
    assert found.optimization == "basic"
    assert [note.id for note in found.notes] == ["optimization_lowered"]
    assert "INSPECTOR_QUANTIZED" in found.notes[0]


def test_a_model_without_quantizers_has_the_highest_level_at_once() -> None:
    with inspector.load(small_cnn(), device="cpu") as model:
        assert model.describe().optimization == "all"
        assert engine_of(model).level is None


def test_gradients_and_what_begins_in_the_middle_run_as_the_file_has_it() -> None:
    """A session that begins in the middle fuses other operators than the whole: they agree at the basic level only."""
    with inspector.load(FILE, device="cpu") as model:
        engine = engine_of(model)
        model.predict(IMAGES[:1])
        model.attribute(IMAGES[:1], method="saliency", target=Class(1))
        layer = next(one for one in model.layers() if one.output == "relu0")
        model.ablate(IMAGES[:1], layer=layer.name, target=Class(1))
        own = [key for key in engine._cache._sessions if key[0] == engine.sessions._key]  # type: ignore[index]
        levels = {(key[1], key[-1]) for key in own if key[1] == "forward"}  # type: ignore[index]
    assert levels == {("forward", ALL), ("forward", BASIC)}


def test_the_level_does_not_depend_on_what_was_asked_before() -> None:
    with inspector.load(FILE, device="cpu") as one, inspector.load(FILE, device="cpu") as other:
        one.attribute(IMAGES[:1], method="saliency", target=Class(1))
        first, second = (
            engine_of(model).fetch(IMAGES, ("scores_d",))["scores_d"].numpy() for model in (one, other)
        )
    np.testing.assert_array_equal(first, second)


def test_shuffled_weights_are_not_those_that_were_compared() -> None:
    with inspector.load(FILE, device="cpu") as model:
        engine = engine_of(model)
        with engine.randomized(engine.weighted_to("scores"), seed=0) as other:
            assert other.level is None


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("cifar10_tinymobilenet_int8", ALL),
        ("mobilenet_v2_quant_nnstreamer", ALL),
        ("mnist_quantized_connxr", ALL),
    ],
)
def test_kernels_on_codes_give_the_same_at_every_level(zoo: Zoo, name: str, level: Optimization) -> None:
    with inspector.load(zoo.model(name), device="cpu") as model:
        found = engine_of(model).level
        assert found is not None
        assert found.get().optimization is level


def test_a_model_whose_winners_change_is_lowered_and_answers_as_the_file_says(zoo: Zoo) -> None:
    with inspector.load(zoo.model("mobilenetv2_int8_static_edgeflow"), device="cpu") as model:
        image = prepared(model, zoo.image("dog_winml.jpg"))
        engine = engine_of(model)
        name = engine.model.input.name
        found = engine.fetch(image, ("output",))["output"].numpy()
        expected, other = (
            engine.sessions.trial(("output",), level).run({name: image}, ["output"])["output"].numpy()
            for level in (BASIC, ALL)
        )
        assert model.describe().optimization == "basic"
    np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(found, other)
