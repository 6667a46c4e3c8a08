"""The class that answers a list of scores is the first of their order, whichever way it is found."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto

import inspector
from inspector.errors import InvalidInputError
from inspector.model.heads.head import CLASSES, Head
from inspector.resolve.classes import _most_probable, ranked
from tests.support.graphs import model, node

HEADS = [
    Head(output="scores", scores="scores", meaning=CLASSES, axis=-1, background=background)
    for background in (None, 0, 2)
]


@pytest.mark.parametrize("head", HEADS, ids=lambda one: f"background {one.background}")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8"])
def test_it_is_the_first_of_their_order(head: Head, dtype: str) -> None:
    random = np.random.default_rng(0)
    for size in (1, 2, 7):
        for _ in range(50):
            scores = random.integers(0, 4, size).astype(dtype)  # with many that are the same
            order = ranked(head, scores).tolist()
            for besides in ([], [3], [0, 1]):
                left = [one for one in order if one not in besides]
                if left:
                    assert _most_probable(head, scores, besides) == left[0], (scores, besides)
                    continue
                with pytest.raises(InvalidInputError, match="there is no other"):
                    _most_probable(head, scores, besides)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64"])
def test_whole_numbers_are_in_order_up_to_their_ends(dtype: str) -> None:
    info = np.iinfo(dtype)
    scores = np.array([1, info.min, info.max, 0, info.max, info.min], dtype)
    order = ranked(HEADS[0], scores)
    assert order[:2].tolist() == [2, 4]
    assert scores[order].tolist() == sorted(scores.tolist(), reverse=True)


@pytest.mark.parametrize("head", HEADS, ids=lambda one: f"background {one.background}")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_nothing_is_chosen_where_a_score_is_no_number(head: Head, bad: float, place: int) -> None:
    scores = np.array([1, -np.inf, 3], np.float32)
    scores[place] = bad
    with pytest.raises(InvalidInputError) as raised:
        _most_probable(head, scores, [])
    assert raised.value.reason == "ANSWER_NOT_FINITE"


def test_a_masked_class_never_answers() -> None:
    assert _most_probable(HEADS[0], np.array([-np.inf, 3, -np.inf], np.float32), []) == 1


def test_what_is_explained_of_unsigned_scores_is_what_is_answered() -> None:
    proto = model(
        [
            node("GlobalAveragePool", ["x"], "mean"),
            node("Flatten", ["mean"], "flat"),
            node("MatMul", ["flat", "w"], "sum"),
            node("Cast", ["sum"], "scores", to=TensorProto.UINT8),
        ],
        shape=("n", 3, 8, 8),
        gives=TensorProto.UINT8,
        weights={"w": np.array([[0, 20, 10]] * 3, np.float32)},
    )
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        x = np.ones((1, 3, 8, 8), np.float32)
        best = loaded.predict(x).predictions[0].classes[0].index
        (target,) = loaded.attribute(x, method="rise", masks=4).targets
    assert target.channel == best == 1
