"""What outputs mean, over random networks with every kind of tail, against ONNX Runtime's own numbers.

And of every kind: what `predict` names first is what `attribute` and `occlude` explain where nothing is named.
"""

from __future__ import annotations

import numpy as np
import pytest

import inspector
from inspector import Class
from inspector.types.results.predictions import Prediction
from tests.support.all_tails import all_tails
from tests.support.graphs import node
from tests.support.sessions import plain_session
from tests.support.tails import SIDE, Tail, network

TAILS = all_tails()
SEEDS = (1, 2)


def images(count: int, *, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 3, SIDE, SIDE)).astype(np.float32)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", TAILS)
def test_every_tail_is_read_as_what_it_is(name: str, seed: int) -> None:
    tail = TAILS[name]
    proto = network(tail, seed=seed, batch=1 if seed == SEEDS[0] else "n")
    x = images(1, seed=seed)
    found = dict(zip(tail.outputs, plain_session(proto).run(list(tail.outputs), {"x": x}), strict=True))
    with inspector.load(proto.SerializeToString(), device="cpu", labels=tail.labels) as ours:
        (prediction,) = ours.predict(x, top=99)
        (target,) = ours.attribute(x).targets
        sweep = ours.occlude(x, size=SIDE, stride=SIDE)

        assert prediction.meaning == tail.meaning
        assert {one.name: one.meaning for one in ours.info.outputs}[prediction.output or ""] == tail.meaning
        if tail.likely is not None:
            assert_likely(prediction, tail, tail.likely(found))
        if tail.values is not None:
            assert prediction.values is not None
            np.testing.assert_allclose(prediction.values, tail.values(found), rtol=1e-4, atol=1e-5)
            assert all(one.probability is None for one in prediction.classes)
        assert str(sweep.target) == str(target)
        assert_first(prediction, target.kind, target.channel, tail)
        if target.kind == "class":
            assert ours.attribute(x, target=target.channel).targets[0].spans == target.spans


def assert_likely(prediction: Prediction, tail: Tail, likely: np.ndarray) -> None:
    """Each class has the model's own probability, of many places the largest; and the right one is first."""
    strongest = likely.reshape(len(likely), -1).max(axis=1)
    for one in prediction.classes:
        assert one.probability == pytest.approx(strongest[one.index], rel=1e-3, abs=1e-5)
    first = tail.winner(likely) if tail.winner is not None else int(strongest.argmax())
    assert prediction.classes[0].index == first
    if prediction.meaning == "class_map":
        assert prediction.map is not None
        expected = likely.argmax(axis=0) if len(likely) > 1 else np.where(likely[0] > 0.5, 0, -1)
        np.testing.assert_array_equal(prediction.map, expected)


def assert_first(prediction: Prediction, kind: str, channel: int | None, tail: Tail) -> None:
    match tail.meaning:
        case "values" | "points":
            assert (kind, prediction.classes[0].index) == ("element", 0)
        case "embedding":
            assert kind == "direction"
        case "picture":
            assert kind == "region"
        case _:
            assert (kind, channel) == ("class", prediction.classes[0].index)


@pytest.mark.parametrize("name", [name for name, tail in TAILS.items() if tail.meaning == "boxes"])
def test_a_box_that_is_told_of_is_explained_by_its_target(name: str) -> None:
    tail = TAILS[name]
    proto = network(tail, seed=3, batch=1)
    x = images(1, seed=3)
    with inspector.load(proto.SerializeToString(), device="cpu", labels=tail.labels) as ours:
        (prediction,) = ours.predict(x)
        for box in prediction.boxes[:3]:
            (target,) = ours.attribute(x, target=box.target).targets
            assert (target.channel, target.position) == (box.index, box.position)
            sweep = ours.occlude(x, target=box.target, size=SIDE, stride=SIDE)
            if "the graph chose" in name:  # which row a box is in changes: the surest of its class is watched
                assert sweep.baseline_probability >= box.confidence * 0.999
            else:
                assert sweep.baseline_probability == pytest.approx(box.confidence, rel=1e-4)
        assert prediction.boxes


def test_a_decision_does_not_change_from_image_to_image() -> None:
    """Numbers from 0 to 1 by chance, on one image, are no probabilities."""
    proto = network(TAILS["scores"], seed=5, batch="n")
    x = np.concatenate([images(1, seed=1) * scale for scale in (1e-3, 1, 30)])
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        for prediction in ours.predict(x, top=9):
            assert sum(one.probability or 0 for one in prediction.classes) == pytest.approx(1, rel=1e-4)


def test_guesses_are_noted_and_what_is_known_is_not() -> None:
    unnamed = network(TAILS["scores"], seed=5, batch="n")
    unnamed.graph.node[-1].output[0] = unnamed.graph.output[0].name = "y"
    x = images(1, seed=1)
    with inspector.load(unnamed.SerializeToString(), device="cpu") as ours:
        assert "assumed_meaning" in [note.id for note in ours.predict(x).notes]
        assert "assumed_meaning" in [note.id for note in ours.attribute(x).notes]
        assert "assumed_meaning" not in [note.id for note in ours.attribute(x, target=1).notes]
    with inspector.load(unnamed.SerializeToString(), device="cpu", labels=list("abcd")) as ours:
        assert "assumed_meaning" not in [note.id for note in ours.predict(x).notes]


def test_a_class_of_a_coordinate_is_refused() -> None:
    tail = TAILS["pairs by Sigmoid"]
    with (
        inspector.load(network(tail, seed=3, batch=1).SerializeToString(), device="cpu") as ours,
        pytest.raises(inspector.errors.InvalidInputError, match="coordinates, and no classes") as error,
    ):
        ours.attribute(images(1, seed=3), target=Class(1, "bbox"))
    assert error.value.reason == "NO_CLASSES"


def test_an_output_of_objectness_that_is_named_is_explained_by_itself() -> None:
    tail = Tail(
        "boxes",
        [
            *(
                node("Conv", ["relu0", kernel], name)
                for kernel, name in (("k4", "bm"), ("k3", "cm"), ("k1", "om"))
            ),
            *(
                part
                for name, out in (("bm", "bbox"), ("cm", "cls_raw"), ("om", "obj_raw"))
                for part in (
                    node("Reshape", [name, "rows"], f"{name}_r"),
                    node("Transpose", [f"{name}_r"], out, perm=[0, 2, 1]),
                )
            ),
            node("Sigmoid", ["cls_raw"], "cls"),
            node("Sigmoid", ["obj_raw"], "obj"),
        ],
        ["bbox", "cls", "obj"],
        weights={"rows": np.asarray([0, -1, (SIDE // 4) ** 2])},
    )
    proto = network(tail, seed=3, batch=1)
    x = images(1, seed=3)
    found = dict(zip(tail.outputs, plain_session(proto).run(tail.outputs, {"x": x}), strict=True))
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        best = int(found["obj"][0, :, 0].argmax())
        (target,) = ours.attribute(x, target=Class(0, "obj")).targets
        assert (target.output, target.position) == ("obj", (best,))
        assert 1 / (1 + np.exp(-target.value)) == pytest.approx(found["obj"][0, best, 0], rel=1e-4)
        likely = np.sqrt(found["obj"][0] * found["cls"][0])
        (first,) = ours.attribute(x).targets
        assert (*first.position, first.channel) == np.unravel_index(likely.argmax(), likely.shape)
