"""Combinations of targets: margins and the negative side, against finite differences, for every method."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import inspector
from inspector import Class, Combination, Element, Region, Unit
from inspector.errors import InspectorError, InvalidInputError, NotFoundError
from tests.methods.test_zoo_boxes import SIGHTS
from tests.support.graphs import model, node, run_exposed
from tests.support.small_cnn import CLASSES, images, proto, small_cnn
from tests.support.zoo import Zoo

X = images(3, seed=21)


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(head="Softmax"), device="cpu") as loaded:
        yield loaded


def scores(x: np.ndarray) -> np.ndarray:
    return run_exposed(proto(small_cnn()), x, ["scores"])["scores"]


def hidden(x: np.ndarray) -> np.ndarray:
    return run_exposed(proto(small_cnn()), x, ["relu2"])["relu2"]


CASES: dict[str, tuple[Combination, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
    "a margin": (Combination([1, 3]), lambda s, h: s[:, 1] - s[:, 3]),
    "the negative side": (Combination([2], [-1]), lambda s, h: -s[:, 2]),
    "one above the mean of others": (Combination([0, 1, 2]), lambda s, h: s[:, 0] - s[:, 1:3].mean(axis=1)),
    "weights of all kinds": (
        Combination([Element("scores", (4,)), Region("scores", np.s_[:2], "sum"), 4], [0.5, -2, 3]),
        lambda s, h: 3.5 * s[:, 4] - 2 * s[:, :2].sum(axis=1),
    ),
    "units of a layer": (
        Combination([Unit("relu2", 1, (2, 2)), Unit("relu2", 5, (1, 0))]),
        lambda s, h: h[:, 1, 2, 2] - h[:, 5, 1, 0],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_that_of_finite_differences(ours: inspector.Model, name: str) -> None:
    target, value = CASES[name]
    found = ours.attribute(X, target=target)
    direction = np.random.default_rng(5).standard_normal(X.shape).astype(np.float32)
    step = 1e-3
    up, down = (X + sign * step * direction for sign in (1, -1))
    slope = (value(scores(up), hidden(up)) - value(scores(down), hidden(down))) / (2 * step)

    np.testing.assert_allclose(
        [one.value for one in found.targets], value(scores(X), hidden(X)), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose((found.maps * direction).sum(axis=(1, 2, 3)), slope, rtol=0.02, atol=0.02)
    assert {one.kind for one in found.targets} == {"combination"}


def test_the_runner_up_is_the_best_other(ours: inspector.Model) -> None:
    found = ours.attribute(X, target=Combination([None, None]))
    ranks = np.argsort(-scores(X), axis=1)
    margins = np.take_along_axis(scores(X), ranks[:, :2], axis=1)

    np.testing.assert_allclose([one.value for one in found.targets], margins[:, 0] - margins[:, 1], rtol=1e-4)
    assert [str(one) for one in found.targets] == [f"class {a} − class {b}" for a, b in ranks[:, :2]]


@pytest.mark.parametrize("method", [one.name for one in inspector.attribution_methods()])
def test_every_method_takes_it(ours: inspector.Model, method: str) -> None:
    found = ours.attribute(X[:1], method=method, target=[Combination([1, 3]), Combination([1], [-1])])

    assert found.maps.any(axis=(1, 2, 3)).all()
    assert [str(one) for one in found.targets] == ["class 1 − class 3", "−class 1"]
    if method in ("saliency", "gradient_x_input", "integrated_gradients", "smoothgrad"):  # linear in the seed
        parts = ours.attribute(X[:1], method=method, target=[1, 3]).maps
        np.testing.assert_allclose(found.maps[0], parts[0] - parts[1], atol=1e-4 * np.abs(parts).max())
        np.testing.assert_allclose(found.maps[1], -parts[0], atol=1e-5 * np.abs(parts).max())


def test_occlusion_watches_the_margin_itself(ours: inspector.Model) -> None:
    sweep = ours.occlude(X[0], target=Combination([1, 3]), size=6, stride=6, fill=0)
    moved = X[:1].copy()
    moved[..., :6, :6] = 0
    margins = [one[1] - one[3] for one in (scores(X[:1])[0], scores(moved)[0])]

    assert sweep.baseline_probability == pytest.approx(margins[0], rel=1e-4)
    assert sweep.probability[0, 0] == pytest.approx(margins[1], rel=1e-4)


def test_classes_of_pixels_are_compared_at_the_same_pixels() -> None:
    """Where class 0 wins, class 1 loses: its own places would be elsewhere."""
    weights = {"w": np.random.default_rng(2).standard_normal((3, 3, 3, 3)).astype(np.float32)}
    nodes = [
        node("Conv", ["x", "w"], "scores", pads=[1, 1, 1, 1]),
        node("Softmax", ["scores"], "masks", axis=1),
    ]
    segmenter = model(nodes, shape=(1, 3, 20, 17), weights=weights)
    x = np.random.default_rng(3).standard_normal((1, 3, 20, 17)).astype(np.float32)
    values = run_exposed(segmenter, x, ["scores"])["scores"][0]
    with inspector.load(segmenter.SerializeToString(), device="cpu") as ours:
        found = ours.attribute(x, target=Combination([0, 1]))
    wins = values.argmax(axis=0) == 0

    assert wins.any()
    assert found.targets[0].elements == 2 * wins.sum()
    assert found.targets[0].value == pytest.approx((values[0] - values[1])[wins].mean(), rel=1e-4)


@pytest.mark.slow
def test_classes_of_boxes_are_compared_at_the_same_box(zoo: Zoo) -> None:
    sight = SIGHTS["YOLOX"]
    with inspector.load(
        zoo.model(sight.model), device="cpu", preprocessing=dict(sight.preprocessing)
    ) as ours:
        photo = zoo.image(sight.photo)
        first, second, margin = (
            ours.attribute(photo, target=target).targets[0]
            for target in (Class(20), Class(19, position=(3437,)), Combination([20, 19]))
        )

    assert first.position == (3437,)
    assert margin.position == first.position
    assert margin.value == pytest.approx(first.value - second.value, rel=1e-4)


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Combination([]), InvalidInputError, "1 to 64 targets"),
        (lambda: Combination([1, 2], [1]), InvalidInputError, "2 finite numbers"),
        (lambda: Combination([1, 2], [0, 0]), InvalidInputError, "not all 0"),
        (lambda: Combination([1, 2], [np.nan, 0]), InvalidInputError, "finite"),
        (
            lambda: Combination([Combination([1])]),  # type: ignore[list-item]
            InvalidInputError,
            "no combinations",
        ),
        (lambda: Combination(3), InvalidInputError, "1 to 64 targets"),  # type: ignore[arg-type]
        (lambda: Combination([1, Unit("conv1")]), InvalidInputError, "several tensors"),
        (lambda: Combination([1, 1]), InvalidInputError, "cancel out"),
        (lambda: Combination([1, 99]), NotFoundError, "no class 99"),
        (lambda: Combination([None] * (CLASSES + 1)), InvalidInputError, "there is no other"),
    ],
)
def test_what_makes_no_combination_is_refused(
    ours: inspector.Model, make: Callable[[], Combination], error: type[InspectorError], says: str
) -> None:
    with pytest.raises(error, match=says):
        ours.attribute(X, target=make())


def test_errors_name_the_term(ours: inspector.Model) -> None:
    with pytest.raises(NotFoundError) as caught:
        ours.attribute(X, target=[0, Combination([1, 99])], cross=True)
    assert caught.value.field == "targets[1].combination.targets[1].output_class.index"


def test_it_reads_on_paper() -> None:
    assert Combination([5, 3]).weights == (1.0, -1.0)
    assert Combination([5]).weights == (1.0,)
    assert Combination([Class(5), 3, None]).targets == (Class(5), Class(3), Class())
    assert Combination([5, 3]) == Combination((Class(5), Class(3)), (1, -1))
