"""Gradient × input, integrated gradients and SmoothGrad against closed forms and plain loops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Class, Unit
from inspector.errors import CancelledError, InvalidInputError
from inspector.types.targets import Target
from tests.support.graphs import model, node
from tests.support.small_cnn import images, small_cnn

X = images(2, seed=4)
MANY_STEPS = ("integrated_gradients", "smoothgrad", "rise")


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(), device="cpu") as loaded:
        yield loaded


def power(exponent: float) -> inspector.Model:
    """Return y_c = Σ w_c·x^exponent over all elements of an image."""
    nodes = [
        node("Pow", ["x", "e"], "p"),
        node("Flatten", ["p"], "flat"),
        node("MatMul", ["flat", "w"], "y"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {"e": np.float32(exponent), "w": WEIGHTS}
    return inspector.load(
        model(nodes, shape=("n", 3, 4, 5), weights=weights).SerializeToString(), device="cpu"
    )


WEIGHTS = np.random.default_rng(1).standard_normal((60, 2)).astype(np.float32)
SMALL = np.random.default_rng(2).uniform(0.5, 2, (2, 3, 4, 5)).astype(np.float32)
W1 = WEIGHTS[:, 1].reshape(3, 4, 5)


def test_gradient_x_input(ours: inspector.Model) -> None:
    found = ours.attribute(X, method="gradient_x_input", target=[Class(1), Class(3)])

    slopes = ours.attribute(X, method="saliency", target=[Class(1), Class(3)]).maps
    np.testing.assert_array_equal(found.maps, slopes * X)
    assert found.method == "gradient_x_input"


def test_gradient_x_input_of_a_cube() -> None:
    with power(3) as ours:
        np.testing.assert_allclose(
            ours.attribute(SMALL, method="gradient_x_input", target=1).maps, 3 * SMALL**3 * W1, rtol=1e-4
        )


@pytest.mark.parametrize("steps", [1, 7])
def test_integrated_gradients_of_a_square(steps: int) -> None:
    """For x² the midpoint rule is exact: w·(x² − b²)."""
    with power(2) as ours:
        found = ours.attribute(SMALL, method="integrated_gradients", target=1, baseline=0.25, steps=steps)

    np.testing.assert_allclose(found.maps, W1 * (SMALL**2 - 0.25**2), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.completeness_gap, 0, atol=1e-3)


def test_the_gap_is_what_the_maps_miss() -> None:
    """One midpoint of x³ from 0 gives ¾·x³ where x³ is right."""
    with power(3) as ours:
        found = ours.attribute(SMALL, method="integrated_gradients", target=1, baseline=0.0, steps=1)

    assert found.completeness_gap == pytest.approx(-0.25 * (W1 * SMALL**3).sum(axis=(1, 2, 3)), rel=1e-3)


def test_the_gap_closes_with_more_steps(ours: inspector.Model) -> None:
    gaps = [
        np.abs(ours.attribute(X, method="integrated_gradients", target=2, steps=steps).completeness_gap).max()
        for steps in (2, 20, 1000)
    ]

    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 5e-3


def test_the_baseline_is_a_color_in_the_models_own_units() -> None:
    preprocessing = {"scale": 1 / 255, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.5]}
    with inspector.load(small_cnn(), device="cpu", preprocessing=preprocessing) as ours:

        def maps(**options: Any) -> np.ndarray:
            return ours.attribute(X, method="integrated_gradients", target=2, **options).maps

        np.testing.assert_allclose(maps(), maps(baseline=[0.5, 0.0, -0.2]), atol=1e-5)
        np.testing.assert_allclose(maps(baseline="black"), maps(baseline=[-2, -2, -1.2]), atol=1e-5)
        assert not np.allclose(maps(), maps(baseline="white"))


def test_smoothgrad_is_the_mean_over_the_same_noise() -> None:
    with power(3) as ours:
        found = ours.attribute(SMALL, method="smoothgrad", target=1, samples=70, noise=0.2, seed=9)

    for image, values in zip(SMALL, found.maps, strict=True):
        noise = np.random.default_rng(9).standard_normal((70, 3, 4, 5), np.float32)
        noisy = image + 0.2 * np.ptp(image) * noise
        np.testing.assert_allclose(values, (3 * noisy**2 * W1).mean(axis=0), rtol=1e-3, atol=1e-3)


def test_smoothgrad_without_noise_is_saliency(ours: inspector.Model) -> None:
    found = ours.attribute(X, method="smoothgrad", samples=3, noise=0.0)

    np.testing.assert_allclose(found.maps, ours.attribute(X).maps, atol=1e-6)


def test_the_seed_decides_the_noise(ours: inspector.Model) -> None:
    one, same, other = (
        ours.attribute(X, method="smoothgrad", target=1, samples=4, seed=seed).maps for seed in (1, 1, 2)
    )

    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("method", ["gradient_x_input", "integrated_gradients", "smoothgrad"])
def test_every_export_gives_the_same(ours: inspector.Model, method: str) -> None:
    options: dict[str, Any] = (
        {} if method == "gradient_x_input" else {"steps" if "int" in method else "samples": 7}
    )
    target: list[Target] = [Class(1), Unit("conv2", channel=3)]
    expected = ours.attribute(X, method=method, target=target, **options).maps

    for batch in (1, 5):
        with inspector.load(small_cnn(batch=batch), device="cpu") as fixed:
            found = fixed.attribute(X, method=method, target=target, **options)
            np.testing.assert_allclose(found.maps, expected, atol=1e-5)


def test_integrated_gradients_in_the_other_layout(ours: inspector.Model) -> None:
    expected = ours.attribute(X, method="integrated_gradients", target=1, baseline=(0.1, 0.2, 0.3)).maps
    with inspector.load(small_cnn(layout="NHWC"), device="cpu") as other:
        x = images(2, seed=4, layout="NHWC")
        found = other.attribute(x, method="integrated_gradients", target=1, baseline=(0.1, 0.2, 0.3))

    np.testing.assert_allclose(found.maps.transpose(0, 3, 1, 2), expected, atol=1e-5)


@pytest.mark.parametrize("method", ["integrated_gradients", "smoothgrad"])
def test_the_target_is_chosen_on_the_image_itself(ours: inspector.Model, method: str) -> None:
    found = ours.attribute(X, method=method)
    best = [prediction.classes[0].index for prediction in ours.predict(X)]

    assert [target.channel for target in found.targets] == best
    assert [target.image for target in found.targets] == [0, 1]
    np.testing.assert_allclose(found.maps, ours.attribute(X, method=method, target=best).maps, atol=1e-6)


@pytest.mark.parametrize("method", MANY_STEPS)
def test_progress_is_told_and_ends_at_the_whole(ours: inspector.Model, method: str) -> None:
    told: list[tuple[int, int]] = []
    count = {"integrated_gradients": "steps", "smoothgrad": "samples", "rise": "masks"}[method]
    options: dict[str, Any] = {count: 150}

    ours.attribute(X, method=method, progress=lambda done, steps: told.append((done, steps)), **options)

    assert told[-1] == (300, 300)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) > 2


@pytest.mark.parametrize("method", MANY_STEPS)
def test_a_cancelled_method_stops(ours: inspector.Model, method: str) -> None:
    token = inspector.Cancellation()
    with pytest.raises(CancelledError, match="enough"):
        ours.attribute(X, method=method, progress=lambda *_: token.cancel("enough"), cancellation=token)


@pytest.mark.parametrize(
    ("method", "options", "field"),
    [
        ("integrated_gradients", {"steps": 0}, "options[steps]"),
        ("integrated_gradients", {"baseline": "pink"}, "options[baseline]"),
        ("integrated_gradients", {"baseline": (1.0, 2.0)}, "options[baseline]"),
        ("integrated_gradients", {"baseline": float("nan")}, "options[baseline]"),
        ("smoothgrad", {"samples": 0}, "options[samples]"),
        ("smoothgrad", {"noise": -0.1}, "options[noise]"),
        ("smoothgrad", {"noise": float("nan")}, "options[noise]"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(
    ours: inspector.Model, method: str, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        ours.attribute(X, method=method, **options)
    assert error.value.field == field
