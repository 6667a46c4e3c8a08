"""Prediction: order, labels, and what is a probability under each head."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import inspector
from inspector.errors import InvalidInputError
from tests.support.graphs import model, node
from tests.support.sessions import plain_session
from tests.support.small_cnn import CLASSES, images, small_cnn

X = images(3)
SCORES = plain_session(small_cnn()).run(None, {"x": X})[0]
SOFTMAX = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("head", "probabilities"),
    [(None, SOFTMAX), ("Softmax", SOFTMAX), ("LogSoftmax", SOFTMAX), ("Sigmoid", 1 / (1 + np.exp(-SCORES)))],
)
def test_scores_and_probabilities_of_every_head(head: str | None, probabilities: np.ndarray) -> None:
    with inspector.load(small_cnn(head=head), device="cpu") as ours:
        found = ours.predict(X, top=CLASSES)

    for row, prediction in enumerate(found):
        order = [c.index for c in prediction.classes]
        assert order == list(np.argsort(-SCORES[row]))
        np.testing.assert_allclose([c.score for c in prediction.classes], SCORES[row][order], rtol=1e-4)
        np.testing.assert_allclose(
            [c.probability or 0 for c in prediction.classes], probabilities[row][order], rtol=1e-4, atol=1e-7
        )


def test_top_and_labels() -> None:
    with inspector.load(small_cnn(), device="cpu", labels=["a", "b", "c", "d", "e"]) as ours:
        assert [len(p.classes) for p in ours.predict(X, top=2)] == [2, 2, 2]
        assert len(ours.predict(X[:1], top=99)[0].classes) == CLASSES
        for named in ours.predict(X[:1])[0].classes:
            assert named.label == "abcde"[named.index]


def test_without_labels_there_are_only_numbers() -> None:
    with inspector.load(small_cnn(), device="cpu") as ours:
        assert {c.label for c in ours.predict(X[:1])[0].classes} == {None}


@pytest.mark.parametrize("top", [0, -1])
def test_no_class_at_all_is_refused(top: int) -> None:
    with (
        inspector.load(small_cnn(), device="cpu") as ours,
        pytest.raises(InvalidInputError, match="top is") as error,
    ):
        ours.predict(X, top=top)
    assert error.value.field == "top"


def test_huge_scores_have_probabilities_all_the_same() -> None:
    with inspector.load(small_cnn(), device="cpu") as ours:
        best = ours.predict(X[:1] * 1e4)[0].classes[0]
    assert best.probability == pytest.approx(1)


def test_an_answer_that_is_not_finite_is_an_error_that_points_at_the_preprocessing() -> None:
    nodes = [
        node("GlobalAveragePool", ["x"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("Exp", ["flat"], "y"),
    ]
    data = model(nodes, shape=("n", 3, 16, 12)).SerializeToString()

    with inspector.load(data, device="cpu") as ours:
        assert len(ours.predict(X)) == 3
        for verb in (ours.predict, partial(ours.occlude, layer="mean")):
            with pytest.raises(InvalidInputError, match="NaN or infinity.*preprocessing") as error:
                verb(np.full((1, 3, 16, 12), 255, np.float32))
            assert error.value.reason == "ANSWER_NOT_FINITE"
