"""Inversion: an image made anew from what a layer computes of it (Mahendran & Vedaldi 2015)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from inspector.engine.loop import Loop
from inspector.engine.run import Run
from inspector.errors import InvalidInputError, NotFoundError
from inspector.graph.synthesis.objectives import Likeness
from inspector.methods.card import Card
from inspector.methods.prepared import prepared
from inspector.methods.room import require_pictures_fit
from inspector.methods.synthesis.beginning import framed
from inspector.methods.synthesis.counts import (
    require_above_zero,
    require_not_below_zero,
    require_seed,
    require_steps,
)
from inspector.methods.synthesis.drawing import drawn
from inspector.methods.synthesis.inverted import inversions, note_failures
from inspector.methods.synthesis.painting import painting_of
from inspector.methods.synthesis.recipes import Recipe
from inspector.methods.verbs import answers
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.requests.invert import InvertRequest
from inspector.types.results.images import Images, Picture

MOST_TOGETHER = 4

PRESETS: Mapping[str, Recipe] = {
    # Steps along gradients leave alone what the features say nothing of; Adam would fill it with noise.
    "fourier": Recipe(optimizer="momentum", rate=0.05, decay=0.85),
    "pixels": Recipe(
        parameterization="pixels", colors="plain", optimizer="momentum", rate=0.1, total_variation=0.01
    ),
}


@answers(
    InvertRequest,
    card=Card(
        formula="x* = argmin_x ‖Φ(x) − Φ(x₀)‖² / ‖Φ(x₀)‖² + λ·TV(x), Φ a layer, x from noise; the spectrum of x or its "
        "pixels are optimized, in steps that get shorter (half a cosine)",
        source="Mahendran & Vedaldi 2015, *Understanding Deep Image Representations by Inverting Them* (arXiv "
        "1412.0035), eq. 1 and 2",
        shows="What of an image a layer still holds: colors, edges, places, or only what it is.",
        hides="That something is missing from the picture does not prove that the layer lost it: another way of "
        "looking may find it. What looks natural may come from the parameterization, not from the layer.",
        cost="1 forward and 1 backward pass, up to the layer, per step (128 steps: about 380 forward passes)",
    ),
)
def invert(run: Run, request: InvertRequest) -> Images:
    """Return per image the original and, for each layer, its inversion; the progress tells steps of images."""
    recipe = _recipe(run, request)
    if not request.layers:
        raise InvalidInputError(
            "No layer was named; name at least one (see layers()).", reason="MISSING", field="layers"
        )
    layers = [_named(run, name, field=f"layers[{index}]") for index, name in enumerate(request.layers)]
    x = prepared(run, request.images).values
    require_pictures_fit(run, x[:1], pictures=len(x) * (1 + len(layers)))
    framing, originals = framed(run, x, tensor=layers[0].output)
    rows: list[list[Picture]] = [
        [_original(index, one, values)] for index, (one, values) in enumerate(zip(originals, x, strict=True))
    ]
    parts = [slice(start, start + MOST_TOGETHER) for start in range(0, len(x), MOST_TOGETHER)]
    total, done = len(layers) * len(x) * request.steps, 0
    for layer in layers:
        for part in parts:
            count = len(x[part])
            wanted = run.forward(x[part], [layer.output])[layer.output].astype(np.float32)
            loop = Loop(
                run,
                painting_of(recipe, framing, pictures=count),
                Likeness(tensor=layer.output, features=wanted, per_view=True),
                generators=[np.random.default_rng([request.seed, part.start + row]) for row in range(count)],
            )
            for step in range(request.steps):
                way = step / request.steps
                loop.step(rate=recipe.rate * 0.5 * (1 + np.cos(np.pi * way)), progress=way)
                done += count
                run.control.tell(done, total, partial=partial(_so_far, run, rows, loop, part, layer))
            found = inversions(run, framing, loop, layer, wanted, originals[part])
            for row, one in zip(rows[part], found, strict=True):
                row.append(one)
    note_failures(run, rows)
    return Images(images=tuple(one for row in rows for one in row), notes=run.notes)


def _named(run: Run, name: str, *, field: str) -> Layer:
    try:
        return run.engine.model.layer(name)
    except NotFoundError as error:
        error.field = field
        raise


def _recipe(run: Run, request: InvertRequest) -> Recipe:
    recipe = PRESETS[request.preset]
    require_steps(run, request.steps)
    require_above_zero(rate=request.rate)
    require_not_below_zero(total_variation=request.total_variation)
    require_seed(request.seed)
    rate = recipe.rate if request.rate is None else request.rate
    weight = recipe.total_variation if request.total_variation is None else request.total_variation
    return replace(recipe, steps=request.steps, rate=rate, total_variation=weight)


def _original(index: int, picture: Array, values: Array) -> Picture:
    return Picture(pixels=drawn(picture), caption=f"image {index}", role="original", values=values)


def _so_far(run: Run, rows: Sequence[Sequence[Picture]], loop: Loop, part: slice, layer: Layer) -> Images:
    sketches = [Picture(pixels=drawn(one), caption=layer.name, role="inversion") for one in loop.picture()]
    found = [one for row in rows[part] for one in row]
    return Images(images=(*found, *sketches), notes=run.notes)
