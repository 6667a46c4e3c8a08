"""Accentuation: what of a photograph a target would like more (Hamblin et al. 2024)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from inspector.engine.loop import Loop
from inspector.engine.run import Run
from inspector.errors import InvalidInputError, within
from inspector.graph.synthesis.objectives import Objective
from inspector.methods.card import Card
from inspector.methods.notes import note_target
from inspector.methods.prepared import prepared
from inspector.methods.room import require_pictures_fit
from inspector.methods.synthesis.accentuated import accentuations
from inspector.methods.synthesis.beginning import framed
from inspector.methods.synthesis.counts import (
    require_above_zero,
    require_not_below_zero,
    require_seed,
    require_steps,
)
from inspector.methods.synthesis.drawing import drawn
from inspector.methods.synthesis.goals import Goal, objective_of
from inspector.methods.synthesis.goals_on_images import goal_on
from inspector.methods.synthesis.painting import painting_of
from inspector.methods.synthesis.recipes import Recipe
from inspector.methods.verbs import answers
from inspector.types.arrays import Array
from inspector.types.requests.accentuate import AccentuateRequest
from inspector.types.results.images import Images, Picture
from inspector.types.targets import Class


@answers(
    AccentuateRequest,
    card=Card(
        formula="x* = argmax_x E_τ[S(τ(x))] / s − λ·mean (x − x₀)², from x₀, the photograph; x is made of a Fourier "
        "spectrum, τ are small moves, turns and zooms, s is the size of S on the photograph",
        source="Hamblin et al. 2024, *Feature Accentuation* (arXiv 2402.10039), §3",
        shows="Which parts of the photograph the target responds to, and in which direction it wants them changed.",
        hides="What the target thinks of the rest: where the gradient is small nothing changes. It is a made picture: "
        "that the score rises is no proof that the photograph was judged by these parts.",
        cost="1 forward and 1 backward pass (about 3 forward passes) for each step (64 by default)",
    ),
)
def accentuate(run: Run, request: AccentuateRequest) -> Images:
    """Return three pictures per image: as it was, accentuated, and the change; the progress tells steps of images."""
    _require(run, request)
    x = prepared(run, request.images).values
    targets = request.targets or (Class(),)
    if len(targets) > 1 and len(x) > 1 and len(targets) != len(x):
        raise InvalidInputError(
            f"{len(targets)} targets do not go with {len(x)} images. Give one target, or one image, or as many of "
            "both.",
            field="targets",
        )
    pairs = max(len(x), len(targets))
    rows = [row if len(x) > 1 else 0 for row in range(pairs)]
    require_pictures_fit(run, x[:1], pictures=3 * pairs)
    goals = []
    for number, row in enumerate(rows):
        at = number if len(targets) > 1 else 0
        with within(f"targets[{at}]"):
            goals.append(goal_on(run, targets[at], x[row : row + 1]))
            note_target(run, targets[at])
    framing, originals = framed(run, x, tensor=goals[0].tensor)
    done: list[Picture] = []
    for number, (row, goal) in enumerate(zip(rows, goals, strict=True)):
        original, values = originals[row : row + 1], x[row : row + 1]
        painting = painting_of(
            Recipe(jitter=request.jitter, scale=request.scale, rotate=request.rotate), framing, pictures=1
        )
        loop = Loop(
            run,
            replace(painting, anchor=original, closeness=request.closeness),
            _objective(run, goal, values),
            generators=[np.random.default_rng([request.seed, number])],
            start=original,
        )
        first = Picture(pixels=drawn(original[0]), caption=f"image {row}", role="original", values=values[0])
        for step in range(request.steps):
            loop.step(rate=request.rate)
            made = number * request.steps + step + 1
            run.control.tell(made, pairs * request.steps, partial=partial(_so_far, run, done, first, loop))
        done += accentuations(run, framing, goal, first, original[0], loop.picture()[0])
    return Images(images=tuple(done), notes=run.notes)


def _require(run: Run, request: AccentuateRequest) -> None:
    require_steps(run, request.steps)
    require_above_zero(rate=request.rate)
    require_not_below_zero(
        closeness=request.closeness, jitter=request.jitter, scale=request.scale, rotate=request.rotate
    )
    require_seed(request.seed)
    if request.scale >= 1:
        raise InvalidInputError(f"scale is {request.scale:g}; it must be below 1.", field="scale")


def _objective(run: Run, goal: Goal, image: Array) -> Objective:
    """Return the target in parts of what it is on the image, so that closeness weighs alike for all."""
    values = run.forward(image, [goal.tensor])[goal.tensor]
    exact = values.astype(np.float64)
    if goal.is_norm:
        size = 0.5 * float(np.mean(exact**2))
    else:
        size = max(abs(float(goal.scores(values)[0])), float(np.std(exact)))
    return objective_of([goal], crops=1) * (1 / max(size, 1e-6))


def _so_far(run: Run, done: list[Picture], first: Picture, loop: Loop) -> Images:
    sketch = Picture(pixels=drawn(loop.picture()[0]), caption="so far", role="accentuated")
    return Images(images=(*done, first, sketch), notes=run.notes)
