"""Every model of the zoo: the answer stays what was exported, the gradient is its slope, and all policies run."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.grad.policies.table import POLICIES, Signal, policy_named
from tests.support.zoo import Zoo, zoo_models
from tests.support.zoo_subjects import Subject, bare_session, run_bare, subject

pytestmark = pytest.mark.slow

TOLERANCE = 1e-5
"""Of the maximum: what other kernels and fusions change where everything is exposed."""
HALF_TOLERANCE = 1e-3
"""One step of half precision."""

SMALL = 10_000
"""Values of an image up to which slopes are taken along three directions; above, along one."""

COMPOSITE = "lrp_epsilon_plus_flat"

HUGE = 10**6
"""Values of an image (the style network's 720 × 720): all of its layers take gigabytes, and a run seconds."""


@pytest.fixture(scope="module", params=zoo_models())
def one(request: pytest.FixtureRequest, zoo: Zoo) -> Subject:
    return subject(zoo, request.param)


def worst(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> float:
    """Return the largest difference between outputs, of each one's maximum."""
    return max(
        float(
            np.abs(found[name].reshape(values.shape).astype(np.float64) - values).max() / np.abs(values).max()
        )
        for name, values in expected.items()
    )


def test_the_answer_is_the_exported_models_whatever_is_exposed(one: Subject) -> None:
    bare = bare_session(one.file, has_qdq=one.engine.traits.has_qdq)
    expected = run_bare(bare, one.x, one.outputs)

    alone = one.run.forward(one.x, one.outputs)
    layers = [layer.output for layer in one.engine.model.layers][:: 8 if one.x.size > HUGE else 1]
    exposed = one.run.forward(one.x, [*one.outputs, *layers])

    for name, values in expected.items():
        assert np.array_equal(alone[name].reshape(values.shape), values), name
        assert np.ptp(values) > 0
    assert worst(exposed, expected) < (HALF_TOLERANCE if one.x.dtype == np.float16 else TOLERANCE)


# --- the gradient of a random linear functional of the scores, of whatever shape, is its slope in pixels

STEPS = (3.0, 1.0, 0.3, 0.1)
"""Lengths in units of a pixel's 0..255: longer ones cross kinks of rectifiers, shorter ones drown in rounding."""
SLOPE_TOLERANCE = 0.01
"""Of the slope; float32 leaves 1e-5 to 4e-3 at the best step."""
NO_SLOPE = {
    "squeezenet_fp16_winml.onnx": "half precision has no digits for differences; test_zoo.py compares gradients"
}


class Functional:
    """⟨w, scores⟩ of random w, as a function of pixels, and its gradient by the engine."""

    def __init__(self, one: Subject, rng: np.random.Generator) -> None:
        self._one, self._source = one, one.engine.head.scores
        # Off the ties that a black or white background makes at every max-pooling.
        noise = rng.uniform(-5, 5, one.x.shape)
        self._x = (one.x + noise * one.pixel_step()).astype(one.x.dtype)
        self._rng = rng
        self._weights = np.zeros(0)

    def gradient(self) -> np.ndarray:
        pulled = self._one.run.pullbacks(self._x, source=self._source, policy="gradient")
        ((_, scores, pullback),) = pulled
        self._weights = self._rng.standard_normal(scores.shape) / np.sqrt(scores.size)
        return pullback(self._weights).numpy().astype(np.float64) * self._one.pixel_step()

    def slope(self, direction: np.ndarray, steps: tuple[float, ...]) -> float:
        """Return the central difference along a direction of length 1, where two steps in a row agree best."""
        slopes = [(self._at(step * direction) - self._at(-step * direction)) / (2 * step) for step in steps]
        if len(steps) == 1:
            return slopes[0]
        best = int(np.argmin(np.abs(np.diff(slopes))))
        return (slopes[best] + slopes[best + 1]) / 2

    def _at(self, pixels: np.ndarray) -> float:
        x = (self._x + pixels * self._one.pixel_step()).astype(self._x.dtype)
        scores = self._one.run.forward(x, [self._source])[self._source]
        return float(np.sum(scores.astype(np.float64) * self._weights))


def direction_of(gradient: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random direction on which the slope is not lost: half of the gradient's pixels, and noise on all."""
    noise = rng.standard_normal(gradient.shape) * np.linalg.norm(gradient) / np.sqrt(gradient.size)
    drawn = gradient * rng.integers(0, 2, gradient.shape) + noise
    return drawn / np.linalg.norm(drawn)


def test_the_gradient_is_the_slope_in_pixels(one: Subject) -> None:
    if one.file.name in NO_SLOPE:
        pytest.skip(NO_SLOPE[one.file.name])
    if one.is_quantized:
        pytest.skip("steps of codes have no slope; test_quantized_zoo.py takes that of the dequantized twin")
    rng = np.random.default_rng(0)
    functional = Functional(one, rng)
    gradient = functional.gradient()

    for _ in range(3 if one.x.size < SMALL else 1):
        direction = direction_of(gradient, rng)
        slope = functional.slope(direction, STEPS[-1:] if one.x.size > HUGE else STEPS)
        assert np.sum(gradient * direction) == pytest.approx(slope, rel=SLOPE_TOLERANCE)


def test_a_wrong_gradient_fails(zoo: Zoo) -> None:
    one = subject(zoo, "cifar10_resnet_4b_vnncomp.onnx")
    rng = np.random.default_rng(0)
    functional = Functional(one, rng)
    gradient = functional.gradient()
    direction = direction_of(gradient, rng)
    planted = gradient.copy()
    planted[:, :, 16:] *= 1.1  # a tenth too much in the lower half

    slope = functional.slope(direction, STEPS)

    assert np.sum(gradient * direction) == pytest.approx(slope, rel=SLOPE_TOLERANCE)
    assert np.sum(planted * direction) != pytest.approx(slope, rel=SLOPE_TOLERANCE)


# --- policies


@pytest.mark.parametrize("policy", list(POLICIES))
def test_every_policy_gives_a_map(one: Subject, policy: str) -> None:
    is_relevance = policy_named(policy).signal is Signal.RELEVANCE
    if is_relevance and policy != COMPOSITE and one.x.size > HUGE:
        pytest.skip("takes gigabytes; the composite, which has ε, z⁺ and flat in it, runs")

    layers = one.engine.model.layers
    source = one.engine.head.scores if one.x.size < HUGE else layers[len(layers) // 6].output
    ((_, scores, pullback),) = one.run.pullbacks(one.x, source=source, policy=policy)
    planted = np.zeros(scores.shape, np.float32)
    place = np.argmax(scores)
    planted.reshape(-1)[place] = scores.reshape(-1)[place] if is_relevance else 1
    found = pullback(planted).numpy()

    assert found.shape == one.x.shape
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.abs(found).max() > 0
