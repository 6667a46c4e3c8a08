"""Maps that are 0 everywhere say why, whichever way the gradient ends; maps that are not say nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto

import inspector
from inspector import Class, Unit
from inspector.methods import emptiness
from inspector.methods.catalog import method_names
from inspector.methods.notes import HARDLY_MOVES
from tests.support.graphs import model, node
from tests.support.toys import toy_endless

RNG = np.random.default_rng(3)
X = RNG.random((2, 3, 12, 12), np.float32)
FEW: dict[str, dict[str, Any]] = {
    "rise": {"masks": 20},
    "smoothgrad": {"samples": 3},
    "integrated_gradients": {"steps": 3},
}
BACKWARD = (
    "saliency",
    "smoothgrad",
    "integrated_gradients",
    "gradient_x_input",
    "guided",
    "gradcam",
    "guided_gradcam",
)


OWN = {
    emptiness.DEAD_UNITS,
    emptiness.SATURATED,
    emptiness.BLOCKED,
    emptiness.NOT_DIFFERENTIABLE,
    emptiness.NO_POSITIVE_EVIDENCE,
    emptiness.SILENT_TARGET,
    emptiness.IMAGE_IS_ZERO,
    emptiness.IMAGE_IS_BASELINE,
    emptiness.EMPTY_MAP,
    HARDLY_MOVES,
}
"""The ids of the notes on maps that say nothing."""


def told(found: Any) -> list[str]:
    """Return the ids of the notes on maps that say nothing."""
    return [note.id for note in found.notes if note.id in OWN]


def weights(*shape: int, scale: float = 0.3) -> np.ndarray:
    return (RNG.standard_normal(shape) * scale).astype(np.float32)


W = {
    "w": weights(4, 3, 3, 3),
    "low": np.full(4, -100, np.float32),
    "high": np.full(4, 100, np.float32),
    "v": weights(4, 4, 3, 3),
    "d": weights(4, 2, scale=1.0),
    "against": -np.abs(weights(4, 2)),
    "both": np.abs(weights(4, 2)) * np.array([-1, 1], np.float32),
    "b": np.array([0.5, 0.25], np.float32),
    "zeros": np.zeros((4, 2), np.float32),
    "zero": np.float32(0),
    "b4": np.full(4, 0.1, np.float32),
    "six": np.float32(6),
    "hundred": np.float32(100),
}


def net(*middle: NodeProto, dense: str = "d", bias: str = "low") -> inspector.Model:
    """Return a CNN of a convolution with a bias, what is in the middle, and a dense layer; the middle gives "m"."""
    nodes = [
        node("Conv", ["x", "w", bias], "c", pads=[1, 1, 1, 1]),
        *middle,
        node("GlobalAveragePool", ["m"], "g"),
        node("Flatten", ["g"], "f"),
        node("Gemm", ["f", dense, "b"], "y"),
    ]
    proto = model(nodes, shape=("n", 3, 12, 12), weights=W)
    return inspector.load(proto.SerializeToString(), device="cpu")


def chain(*operators: str, first: str = "c") -> list[NodeProto]:
    """Return operators one after another, the last of which gives "m"."""
    names = [first, *(f"m{index}" for index in range(1, len(operators))), "m"]
    return [node(op, [before], after) for op, before, after in zip(operators, names, names[1:], strict=False)]


DEAD: dict[str, Callable[[], inspector.Model]] = {
    "a rectifier that is off": lambda: net(*chain("Relu")),
    "one of several": lambda: net(*chain("Relu", "Sigmoid", "Relu")),
    "a bound of 0": lambda: net(node("Clip", ["c", "zero", "six"], "m")),
    "off in both branches": lambda: net(
        node("Relu", ["c"], "r"),
        node("Conv", ["r", "v"], "left", pads=[1, 1, 1, 1]),
        node("Mul", ["r", "six"], "right"),
        node("Add", ["left", "right"], "m"),
    ),
}
SATURATED: dict[str, Callable[[], inspector.Model]] = {
    "a Sigmoid at 1": lambda: net(
        node("Mul", ["c", "hundred"], "far"), node("Sigmoid", ["far"], "m"), bias="high"
    ),
    "a HardSigmoid at 1": lambda: net(*chain("HardSigmoid"), bias="high"),
    "a Tanh at -1": lambda: net(*chain("Tanh")),
    "a Clip at its upper end": lambda: net(node("Clip", ["c", "zero", "six"], "m"), bias="high"),
}


@pytest.mark.parametrize("make", DEAD.values(), ids=DEAD)
def test_a_dead_unit_is_named(make: Callable[[], inspector.Model]) -> None:
    with make() as one:
        found = one.attribute(X[:1], target=1)
    assert not found.maps.any()
    assert told(found) == [emptiness.DEAD_UNITS]
    (note,) = [note for note in found.notes if note.id == emptiness.DEAD_UNITS]
    assert "The map of class 1 is 0 everywhere: none of the 576 units of layer " in note
    assert "(Relu)" in note or "(Clip)" in note


@pytest.mark.parametrize("make", SATURATED.values(), ids=SATURATED)
def test_saturation_is_named(make: Callable[[], inspector.Model]) -> None:
    with make() as one:
        found = one.attribute(X[:1], target=0)
    assert not found.maps.any()
    assert told(found) == [emptiness.SATURATED]
    assert "layer 'm'" in next(note for note in found.notes if note.id == emptiness.SATURATED)


@pytest.mark.parametrize("method", BACKWARD)
def test_every_method_tells_of_dead_units(method: str) -> None:
    with DEAD["a rectifier that is off"]() as one:
        found = one.attribute(X[:1], method=method, target=0, **FEW.get(method, {}))
    assert not found.maps.any()
    assert emptiness.DEAD_UNITS in {note.id for note in found.notes}


@pytest.mark.parametrize("method", ["rise", "occlude"])
def test_what_only_looks_at_answers_tells_that_they_hardly_move(method: str) -> None:
    with DEAD["a rectifier that is off"]() as one:
        if method == "occlude":
            found: Any = one.occlude(X[:1], target=0)
        else:
            found = one.attribute(X[:1], method=method, target=0, masks=20)
    assert {HARDLY_MOVES, emptiness.DEAD_UNITS} <= {note.id for note in found.notes}


def test_weights_of_zero_pass_nothing_on() -> None:
    with net(*chain("Relu"), dense="zeros", bias="high") as one:
        found = one.attribute(X[:1], target=0)
    assert told(found) == [emptiness.BLOCKED]
    assert "layer 'y' (Gemm)" in next(note for note in found.notes if note.id == emptiness.BLOCKED)


def test_what_has_no_gradient_by_definition_is_named_beside() -> None:
    with net(node("Relu", ["c"], "r"), node("Sign", ["c"], "s"), node("Add", ["r", "s"], "m")) as one:
        found = one.attribute(X[:1], target=0)
    assert told(found) == [emptiness.DEAD_UNITS, emptiness.NOT_DIFFERENTIABLE]
    note = next(note for note in found.notes if note.id == emptiness.NOT_DIFFERENTIABLE)
    assert "'s' (Sign), whose gradient is 0 by definition" in note


@pytest.mark.parametrize("method", ["gradcam", "guided_gradcam"])
def test_evidence_against_is_told_and_can_be_asked_for(method: str) -> None:
    with net(*chain("Relu"), dense="both", bias="high") as one:
        found = one.attribute(X, method=method, target=[Class(0), Class(1)])
        signed = one.attribute(X, method=method, target=[Class(0), Class(1)], relu=False)
    assert not found.maps[0].any()
    assert found.maps[1].any() or method == "guided_gradcam"
    (note,) = [note for note in found.notes if note.id == emptiness.NO_POSITIVE_EVIDENCE]
    lowest = float(signed.maps[0].min())
    if method == "gradcam":
        assert lowest < 0
        assert signed.picture == "signed"
        assert "Nothing in layer 'm' speaks for class 0" in note
        np.testing.assert_allclose(found.maps, np.maximum(signed.maps, 0), atol=1e-6)
    assert not [note.id for note in signed.notes if note.id == emptiness.NO_POSITIVE_EVIDENCE]


@pytest.mark.parametrize("method", ["lrp", "deconvnet"])
def test_a_target_of_zero_has_nothing_to_trace(method: str) -> None:
    with net(*chain("Relu")) as one:
        found = one.attribute(X[:1], method=method, target=Unit("m", 0, (3, 3)))
    assert not found.maps.any()
    assert emptiness.SILENT_TARGET in {note.id for note in found.notes}


def test_an_image_that_is_zero_or_the_baseline_is_told() -> None:
    with net(*chain("Relu"), bias="high") as one:
        zero = one.attribute(X[:1] * 0, method="gradient_x_input", target=0)
        same = one.attribute(X[:1] * 0, method="integrated_gradients", target=0, baseline=0.0, steps=2)
    assert told(zero) == [emptiness.IMAGE_IS_ZERO]
    assert told(same) == [emptiness.IMAGE_IS_BASELINE]


def test_what_the_method_itself_leaves_out_is_told() -> None:
    """Guided backpropagation keeps what is positive on its way: here all of it is negative."""
    with net(*chain("Relu"), dense="against", bias="high") as one:
        found = one.attribute(X[:1], method="guided", target=0)
        plain = one.attribute(X[:1], target=0)
    assert plain.maps.any()
    assert not found.maps.any()
    assert told(found) == [emptiness.EMPTY_MAP]


def test_of_several_maps_those_that_are_empty_are_named() -> None:
    """The second image lights the units that are off on the first."""
    nodes: Sequence[NodeProto] = chain("Relu")
    x = X.copy()
    x[1] += 1000 * np.sign(W["w"].sum(axis=(0, 2, 3)))[:, None, None]
    with net(*nodes) as one:
        found = one.attribute(x, target=0)
    assert [bool(one.any()) for one in found.maps] == [False, True]
    (note,) = [note for note in found.notes if note.id in OWN]
    assert "The map of class 0, on image 0, is 0 everywhere" in note


@pytest.mark.parametrize("method", method_names())
def test_a_map_that_is_not_empty_says_nothing(method: str) -> None:
    target, layer = Unit("c", 1, (5, 5)), {"layer": "c"} if "gradcam" in method else {}
    with net(*chain("Softplus"), bias="b4") as one:
        found = one.attribute(X[:1], method=method, target=target, **FEW.get(method, {}) | layer)
    assert found.maps.any()
    assert not told(found)


def test_a_model_without_a_way_back_can_still_be_occluded() -> None:
    """The loop in it has no backward rule: what only looks at answers does not ask for one."""
    with inspector.load(toy_endless(), device="cpu") as one:
        found = one.occlude(np.zeros((1, 3, 16, 16), np.float32), size=8, fill=0)
    assert found.done.all()
    assert HARDLY_MOVES in {note.id for note in found.notes}


def test_what_rounding_left_is_told_of() -> None:
    """A map of 1e-12 is no map: nothing of it is to be read."""
    nodes = [
        node("GlobalAveragePool", ["x"], "mean"),
        node("Mul", ["mean", "tiny"], "little"),
        node("Add", ["little", "one"], "more"),
        node("Flatten", ["more"], "scores"),
    ]
    weights = {"tiny": np.float32(1e-11), "one": np.float32(1)}
    proto = model(nodes, shape=(1, 3, 16, 16), weights=weights)
    x = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    with inspector.load(proto.SerializeToString(), device="cpu") as one:
        found = one.attribute(x, target=1)

    assert 0 < np.abs(found.maps).max() < 1e-10
    assert any("rounding" in note for note in found.notes if note.id == emptiness.EMPTY_MAP)
