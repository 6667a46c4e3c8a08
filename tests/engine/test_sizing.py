"""Sizes that a model runs on are found near the one that it refuses: over random rules, and through every verb."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

import inspector
from inspector import Element, Unit
from inspector.engine.sizing import Size, find_sizes
from inspector.errors import EngineError, InvalidInputError
from inspector.methods.notes import RESIZED_TO_RUN
from tests.support.graphs import model, node

RANDOM = np.random.default_rng(3)
MOST_TRIES = 60


class Counted:
    """A rule that remembers what it was asked."""

    def __init__(self, rule: Callable[[Size], bool]) -> None:
        self.rule, self.tried = rule, set[Size]()

    def __call__(self, size: Size) -> bool:
        self.tried.add(size)
        return self.rule(size)


def multiples(step: int, offset: int = 0) -> Callable[[Size], bool]:
    return lambda size: all(side % step == offset and side >= step for side in size)


def at_least(least: int) -> Callable[[Size], bool]:
    return lambda size: min(size) >= least


def one_of(*sizes: Size) -> Callable[[Size], bool]:
    return lambda size: size in sizes


def of_height(low: int, high: int) -> Callable[[Size], bool]:
    return lambda size: low <= size[0] <= high


@pytest.mark.parametrize("step", [2, 4, 8, 16, 32, 64, 128, 3, 6, 12, 24, 5, 20, 7, 14, 28])
def test_multiples_are_found_near_the_image(step: int) -> None:
    for _ in range(40):
        given = tuple(int(side) for side in RANDOM.integers(step, 900, 2))
        works = Counted(multiples(step))
        if works(given):
            continue
        found = find_sizes(given, works)
        assert found is not None
        assert (found.step, found.offset) == (step, 0)
        assert all(works(size) for size in found.nearest)
        assert max(abs(a - b) for a, b in zip(found.nearest[0], given, strict=True)) <= step
        assert len(works.tried) <= MOST_TRIES


@pytest.mark.parametrize(
    ("works", "given"),
    [
        (multiples(8, 1), (64, 100)),
        (multiples(32, 1), (500, 700)),
        (at_least(29), (10, 17)),
        (at_least(100), (30, 300)),
        (one_of((224, 224)), (480, 640)),
        (one_of((300, 300)), (20, 30)),
        (of_height(32, 60), (201, 333)),
        (of_height(48, 48), (20, 333)),
    ],
    ids=["8n + 1", "32n + 1", "from 29 on", "from 100 on", "224", "300", "one line of text", "a line of 48"],
)
def test_other_rules_are_found(works: Callable[[Size], bool], given: Size) -> None:
    counted = Counted(works)
    found = find_sizes(given, counted)
    assert found is not None
    assert found.nearest
    assert all(works(size) for size in found.nearest)
    assert len(counted.tried) <= MOST_TRIES


def test_the_smallest_size_is_near_the_limit() -> None:
    found = find_sizes((10, 17), at_least(29))
    assert found is not None
    assert min(found.nearest[0]) <= 33


def test_what_never_runs_has_no_sizes() -> None:
    assert find_sizes((67, 90), lambda _size: False) is None


def test_an_earlier_answer_saves_the_search() -> None:
    works = Counted(multiples(32))
    known = find_sizes((67, 90), multiples(32))
    again = find_sizes((201, 333), works, known=known)
    assert again is not None
    assert again.nearest[0] == (192, 320)
    assert len(works.tried) <= 4


# --- through every verb


def two_scales(*, shape: tuple[int | str, ...] = ("n", 3, "h", "w")) -> bytes:
    """Return a model that adds two scales: sides must be multiples of 4."""
    weights = {
        "w": RANDOM.standard_normal((4, 3, 3, 3)).astype(np.float32),
        "v": RANDOM.standard_normal((4, 4, 3, 3)).astype(np.float32),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }
    strided = {"strides": [2, 2], "pads": [1, 1, 1, 1]}
    return model(
        [
            node("Conv", ["x", "w"], "a", **strided),
            node("Relu", ["a"], "r"),
            node("Conv", ["r", "v"], "b", **strided),
            node("Resize", ["b", "", "scales"], "up", mode="nearest"),
            node("Add", ["r", "up"], "sum"),
            node("GlobalAveragePool", ["sum"], "g"),
            node("Flatten", ["g"], "y"),
        ],
        shape=shape,
        weights=weights,
    ).SerializeToString()


PICTURE = RANDOM.integers(0, 256, (67, 90, 3), np.uint8)
ARRAY = RANDOM.standard_normal((1, 3, 67, 90)).astype(np.float32)

VERBS: dict[str, Callable[[inspector.Model, object], object]] = {
    "predict": lambda m, x: m.predict(x)[0],
    "saliency": lambda m, x: m.attribute(x),
    "deconvnet of a layer": lambda m, x: m.attribute(x, method="deconvnet", target=Unit("sum")),
    "gradcam": lambda m, x: m.attribute(x, method="gradcam"),
    "rise": lambda m, x: m.attribute(x, method="rise", masks=8),
    "integrated_gradients": lambda m, x: m.attribute(x, method="integrated_gradients", steps=2),
    "occlude": lambda m, x: m.occlude(x, target=Element("y", (1,))),
    "activations": lambda m, x: m.activations(x, layers=["sum"]),
    "features": lambda m, x: m.features(x, layer="sum"),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_picture_is_brought_to_a_size_that_runs_and_an_array_is_told_of_it(
    verb: Callable[[inspector.Model, object], object],
) -> None:
    with inspector.load(two_scales(), device="cpu") as ours:
        answer = verb(ours, PICTURE)
        notes = getattr(answer, "notes", ())
        assert [note.id for note in notes].count(RESIZED_TO_RUN) == 1
        assert "68 × 92" in next(str(note) for note in notes if note.id == RESIZED_TO_RUN)
        with pytest.raises(InvalidInputError, match=r"67 × 90.* multiples of 4, such as 68 × 92") as error:
            verb(ours, ARRAY)
        assert (error.value.reason, error.value.field) == ("IMAGE_SIZE_NOT_TAKEN", "images")
        verb(ours, ARRAY[:, :, :64, :88])
        assert not hasattr(verb(ours, PICTURE[:64, :88]), "error")


def test_a_layer_before_the_trouble_needs_no_other_size() -> None:
    with inspector.load(two_scales(), device="cpu") as ours:
        found = ours.activations(PICTURE, layers=["r"])
        assert found["r"].shape == (1, 4, 34, 45)
        assert RESIZED_TO_RUN not in [note.id for note in found.notes]
        ours.attribute(PICTURE, target=Element("r", (0, 3, 4)))


def test_only_the_free_side_is_changed() -> None:
    with inspector.load(two_scales(shape=("n", 3, 68, "w")), device="cpu") as ours:
        with pytest.raises(InvalidInputError, match="widths that are multiples of 4, such as 92 or 88"):
            ours.predict(RANDOM.standard_normal((1, 3, 68, 90)).astype(np.float32))
        found = ours.attribute(PICTURE[:, :90].repeat(2, axis=0)[:68])
        assert found.maps.shape == (1, 3, 68, 92)


def test_a_failure_that_is_no_matter_of_sizes_stays_what_it_is() -> None:
    proto = model(
        [
            node("ReduceMax", ["x"], "most", axes=[0, 1, 2, 3], keepdims=0),
            node("Cast", ["most"], "place", to=onnx.TensorProto.INT64),
            node("Gather", ["table", "place"], "row"),
            node("GlobalAveragePool", ["x"], "g"),
            node("Flatten", ["g"], "f"),
            node("Mul", ["f", "row"], "y"),
        ],
        shape=("n", 3, "h", "w"),
        weights={"table": np.ones((3, 1), np.float32)},
    )
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        ours.predict(np.ones((1, 3, 8, 8), np.float32))
        with pytest.raises(EngineError) as error:
            ours.predict(np.full((1, 3, 8, 8), 70, np.float32))
        assert error.value.reason == "RUN_FAILED"
