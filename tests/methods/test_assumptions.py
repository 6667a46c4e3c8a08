"""What is assumed of the preprocessing, and what looks wrong of an answer, is said beside it, and else nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

import inspector
from inspector.engine.run import Run
from inspector.methods.doubts import DOUBTFUL_ANSWERS, note_doubts
from inspector.methods.notes import ASSUMED_PREPROCESSING, UNEXPECTED_RANGE
from inspector.types.images import Prepared
from tests.support.graphs import model, node
from tests.support.toys import toy_cnn, toy_image, toy_photo

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(3)
SETTLED = {"preset": "0..1", "color": "RGB", "resize": "exact"}
VERBS: dict[str, Callable[[inspector.Model, object], Any]] = {
    "predict": lambda ours, images: ours.predict(images),
    "attribute": lambda ours, images: ours.attribute(images),
    "occlude": lambda ours, images: ours.occlude(images, size=8, stride=8),
    "features": lambda ours, images: ours.features(images),
    "activations": lambda ours, images: ours.activations(images, layers=["conv1"]),
}
PICTURES: dict[str, object] = {
    "a uint8 array": toy_photo(),
    "a PIL image": Image.fromarray(toy_photo()),
    "a list of one": [toy_photo()],
}


def ids(result: Any) -> list[str]:
    return [note.id for note in result.notes]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", PICTURES)
def test_what_is_assumed_of_a_picture_is_said_beside_every_answer(verb: str, kind: str) -> None:
    with inspector.load(toy_cnn(), device="cpu") as ours:
        result = VERBS[verb](ours, PICTURES[kind])
        assumed = ours.info.preprocessing.assumed

    (note,) = (one for one in result.notes if one.id == ASSUMED_PREPROCESSING)
    assert ", ".join(assumed) in note
    assert "imagenet" in note
    assert "inspector.json" in note


@pytest.mark.parametrize("verb", VERBS)
def test_arrays_that_need_no_preprocessing_and_settled_ones_have_no_note(verb: str) -> None:
    with inspector.load(toy_cnn(), device="cpu") as ours:
        assert ids(VERBS[verb](ours, toy_image())) == []
    with inspector.load(toy_cnn(), device="cpu", preprocessing=SETTLED) as ours:
        assert ids(VERBS[verb](ours, toy_photo())) == []


def test_one_picture_among_arrays_is_enough() -> None:
    with inspector.load(toy_cnn(), device="cpu") as ours:
        assert ids(ours.features([toy_image(), toy_photo()])) == [ASSUMED_PREPROCESSING]


# --- values that are not in the range of the graph


def dividing(dtype: int = 1) -> bytes:
    """Return a classifier that takes 0..255: it divides by 255 first."""
    nodes = [
        node("Cast", ["x"], "f", to=1),
        node("Div", ["f", "k"], "n"),
        node("Conv", ["n", "w"], "conv1"),
        node("GlobalAveragePool", ["conv1"], "mean"),
        node("Flatten", ["mean"], "y"),
    ]
    weights: dict[str, Any] = {
        "k": np.float32(255),
        "w": RNG.standard_normal((6, 3, 3, 3)).astype(np.float32),
    }
    return model(nodes, shape=("n", 3, 16, 16), weights=weights, dtype=dtype, gives=1).SerializeToString()


@pytest.mark.parametrize("dtype", [1, 2], ids=["float", "uint8"])
@pytest.mark.parametrize(
    ("given", "is_wrong"),
    [
        (None, False),
        ("0..255", False),
        ("0..1", True),
        ("imagenet", True),
        ("-1..1", True),
        ({"scale": 0.9}, False),
    ],
)
def test_a_preprocessing_against_the_graph_is_noted(given: Any, is_wrong: bool, dtype: int) -> None:
    with inspector.load(dividing(dtype), device="cpu", preprocessing=given) as ours:
        found = ours.features(toy_photo(), layer="conv1")
    assert (UNEXPECTED_RANGE in ids(found)) == is_wrong


@pytest.mark.parametrize(
    ("values", "is_wrong"),
    [
        (RNG.uniform(0, 255, (1, 3, 16, 16)), False),
        (RNG.uniform(0, 1, (1, 3, 16, 16)), True),
        (RNG.uniform(0, 30, (1, 3, 16, 16)), False),
        (np.zeros((1, 3, 16, 16)), False),
        (RNG.uniform(0, 65535, (1, 3, 16, 16)), True),
    ],
)
def test_an_array_in_another_range_is_noted(values: Array, is_wrong: bool) -> None:
    with inspector.load(dividing(), device="cpu") as ours:
        found = ours.features(values.astype(np.float32), layer="conv1")
    assert ids(found) == ([UNEXPECTED_RANGE] if is_wrong else [])


def test_where_the_graph_says_nothing_no_array_is_wrong() -> None:
    with inspector.load(toy_cnn(), device="cpu") as ours:
        assert ids(ours.features(toy_image() * 300)) == []


# --- answers that look wrong


def doubts(scores: Array, images: Array, *, assumed: bool = True, pictures: bool = True) -> list[str]:
    """Return the notes on scores (N, classes) of images."""
    given = None if assumed else SETTLED
    with inspector.load(toy_cnn(), device="cpu", preprocessing=given) as ours:
        run = Run(ours.backend.engine)  # type: ignore[attr-defined]
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities = exponents / exponents.sum(axis=1, keepdims=True)
        note_doubts(
            run, Prepared(images, from_pictures=pictures), list(zip(scores, probabilities, strict=True))
        )
        assert all(note.id == DOUBTFUL_ANSWERS for note in run.notes)
        return [str(note) for note in run.notes]


DIFFERENT = RNG.uniform(0, 1, (6, 3, 16, 16)).astype(np.float32)
ALIKE = np.repeat(DIFFERENT[:1], 6, axis=0) + RNG.uniform(0, 0.1, DIFFERENT.shape).astype(np.float32)
SCORES = RNG.standard_normal((6, 20)).astype(np.float32)
SAME = np.repeat(SCORES[:1], 6, axis=0) + 0.05 * RNG.standard_normal(SCORES.shape).astype(np.float32)


def test_different_pictures_with_one_answer_are_noted() -> None:
    assert "nearly the same scores" in doubts(SAME, DIFFERENT)[0]
    assert doubts(SAME, DIFFERENT, assumed=False)
    assert doubts(SAME, ALIKE) == []
    assert doubts(SCORES, DIFFERENT) == []
    assert doubts(SAME[:3], DIFFERENT[:3]) == []
    assert doubts(SAME, DIFFERENT, pictures=False) == []


def test_few_pictures_are_not_compared_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def compare(rows: Array) -> Array:
        raise AssertionError(f"{len(rows)} pictures were compared")

    monkeypatch.setattr("inspector.methods.doubts._correlations", compare)
    for count in (1, 2, 3):
        assert doubts(SAME[:count], DIFFERENT[:count]) == []
    with pytest.raises(AssertionError, match="4 pictures"):
        doubts(SAME[:4], DIFFERENT[:4])


def test_equal_classes_are_noted() -> None:
    assert "equally likely" in doubts(np.full((1, 20), 3, np.float32), DIFFERENT[:1])[0]
    assert doubts(np.zeros((1, 2), np.float32), DIFFERENT[:1]) == []


def test_a_class_that_is_certain_is_no_doubt() -> None:
    assert doubts(np.eye(6, 20, dtype=np.float32) * 1000, DIFFERENT) == []
