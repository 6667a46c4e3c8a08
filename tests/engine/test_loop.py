"""The loop: its steps go uphill by the gradient of the model's own score, however the model takes its images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import inspector
from inspector.engine.loop import Loop
from inspector.engine.run import Run
from inspector.grad.synthesis.painting import Painting
from inspector.graph.synthesis.canvas import Canvas
from inspector.graph.synthesis.frame import Frame
from inspector.graph.synthesis.objectives import Diversity, Likeness, Norm, Objective, Weighted
from inspector.graph.synthesis.optimizers import OPTIMIZERS
from inspector.graph.synthesis.parameterizations import Pixels
from inspector.graph.synthesis.views import Views
from inspector.types.arrays import Array
from tests.support.in_process import engine_of
from tests.support.toys import SIDE, toy_cnn

SIZE = (SIDE, SIDE)
PAINTING = Painting(
    canvas=Canvas(pictures=3, channels=3, size=SIZE),
    parameterization=Pixels(deviation=0.5),
    views=Views(size=SIZE),
    frame=Frame(
        gain=(2.0,) * 3,
        offset=(-1.0,) * 3,
        order=(0, 1, 2),
        axes=(),
        shape=(3, *SIZE),
        size=SIZE,
        dtype="float32",
    ),
    decorrelated=False,
    optimizer=OPTIMIZERS["ascent"],
)
OF_CLASSES = np.eye(3, 5, dtype=np.float32)
FEATURES = np.random.default_rng(5).normal(0, 1, (8, 6, 6)).astype(np.float32)
OBJECTIVES: dict[str, Objective] = {
    "classes": Weighted(tensor="scores", weights=OF_CLASSES),
    "one class": Weighted(tensor="scores", weights=OF_CLASSES[1]),
    "a norm": Norm(tensor="conv2"),
    "likeness": Likeness(tensor="relu2", features=FEATURES),
    "sums and products over layers": 2 * Weighted(tensor="scores", weights=OF_CLASSES[0])
    - 0.5 * Norm(tensor="conv1") * Weighted(tensor="scores", weights=OF_CLASSES[2]),
    "diversity": Diversity(tensor="conv2", channel_axis=0, group=3),
}


def loop(objective: Objective, *, batch: int | str = "batch", painting: Painting = PAINTING) -> Loop:
    run = Run(engine_of(inspector.load(toy_cnn(batch=batch))))
    generators = [np.random.default_rng([0, picture]) for picture in range(painting.canvas.pictures)]
    return Loop(run, painting, objective, generators=generators)


def by_hand(name: str, values: dict[str, Array]) -> float:
    """Return the sum over pictures of an objective, from its formula."""
    scores = values["scores"].astype(np.float64)
    match name:
        case "classes":
            return float(np.trace(scores))
        case "one class":
            return float(scores[:, 1].sum())
        case "a norm":
            return float((values["conv2"].astype(np.float64) ** 2).mean(axis=(1, 2, 3)).sum() / 2)
        case "likeness":
            return float(-((values["relu2"] - FEATURES) ** 2).sum(dtype=np.float64) / (FEATURES**2).sum())
        case "sums and products over layers":
            norms = (values["conv1"].astype(np.float64) ** 2).mean(axis=(1, 2, 3)) / 2
            return float((2 * scores[:, 0] - 0.5 * norms * scores[:, 2]).sum())
    maps = values["conv2"].astype(np.float64).reshape(3, 8, -1)
    grams = (maps @ maps.transpose(0, 2, 1)).reshape(3, -1)
    units = grams / np.linalg.norm(grams, axis=1, keepdims=True)
    cosines = units @ units.T
    return float(-(cosines.sum() - np.trace(cosines)) / 2)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_step_goes_along_the_slope_of_the_objective(name: str) -> None:
    """The change of the objective over a small step is what its central difference along that step says."""
    objective = OBJECTIVES[name]
    made = loop(objective)
    run = Run(engine_of(inspector.load(toy_cnn())))

    def value(unbounded: Array) -> float:
        images = PAINTING.frame.values(1 / (1 + np.exp(-unbounded)))
        return by_hand(name, run.forward(images, ["scores", "conv1", "conv2", "relu2"]))

    def logits() -> Array:
        inside = made.picture().astype(np.float64)
        return np.log(inside / (1 - inside))

    before = logits()
    scores = made.step(rate=0.05).numpy().sum()
    step = logits() - before
    assert float(scores) == pytest.approx(value(before), rel=1e-4, abs=1e-5)
    # The step of ascent is g/√(mean g²): so the slope along it is the norm of the gradient, of each picture.
    slopes = []
    for picture in range(3):
        only = np.zeros_like(step)
        only[picture] = step[picture] / np.linalg.norm(step[picture])
        other = np.roll(only, 1, axis=3)
        h = 3e-2
        slopes.append(
            [(value(before + h * way) - value(before - h * way)) / (2 * h) for way in (only, other)]
        )
    for along, beside in slopes:
        assert along > 0
        assert abs(beside) < along  # no other direction is steeper


@pytest.mark.parametrize("batch", [1, 2, 3, 5])
def test_a_fixed_batch_gives_the_same_pictures(batch: int) -> None:
    made = [loop(OBJECTIVES["classes"], batch=kind) for kind in ("batch", batch)]
    for _ in range(4):
        for one in made:
            one.step(rate=0.1)
    assert np.allclose(made[0].picture(), made[1].picture(), atol=1e-5)


def test_the_same_seed_gives_the_same_pictures_bit_for_bit() -> None:
    painting = replace(PAINTING, views=Views(size=SIZE, jitter=2, rotate=10, crops=2, noise=0.1))
    made = [loop(OBJECTIVES["one class"], painting=painting) for _ in range(2)]
    for one in made:
        for step in range(5):
            one.step(progress=step / 4)
    assert np.array_equal(made[0].picture(), made[1].picture())


def test_a_loop_begins_with_a_picture() -> None:
    start = np.random.default_rng(0).uniform(0.1, 0.9, PAINTING.canvas.shape)
    run = Run(engine_of(inspector.load(toy_cnn())))
    generators = [np.random.default_rng(0)] * 3
    made = Loop(run, PAINTING, OBJECTIVES["one class"], generators=generators, start=start)
    assert np.allclose(made.picture(), start, atol=1e-5)
