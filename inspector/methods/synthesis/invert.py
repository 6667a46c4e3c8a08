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
from inspector.methods.notes import note_run
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
from inspector.methods.synthesis.framing import Framing
from inspector.methods.synthesis.painting import painting_of
from inspector.methods.synthesis.recipes import Recipe
from inspector.methods.verbs import answers
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.requests.invert import InvertRequest
from inspector.types.results.images import Images, Picture

SILENT_LAYER = "silent_layer"
NOT_NEARER = "not_nearer"
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
    note_run(run)
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
            found = _inverted(run, framing, loop, layer, wanted, originals[part])
            for row, one in zip(rows[part], found, strict=True):
                row.append(one)
    _note(run, rows)
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


def _inverted(
    run: Run, framing: Framing, loop: Loop, layer: Layer, wanted: Array, originals: Array
) -> list[Picture]:
    """Return the pictures of a loop, each with how near it came, beside what plain gray would have."""
    pictures = loop.picture()
    inputs = framing.frame.typed(framing.frame.values(pictures))
    features = run.forward(inputs, [layer.output])[layer.output]
    of_gray = run.forward(framing.first(), [layer.output])[layer.output][0]
    found = []
    for picture, values, own, goal, original in zip(
        pictures, inputs, features, wanted, originals, strict=True
    ):
        size = float(np.linalg.norm(goal.astype(np.float64)))
        if size == 0:
            run.note(
                SILENT_LAYER,
                f"Layer {layer.name!r} is 0 everywhere on an image: there is nothing to invert.",
            )
        error = float(np.linalg.norm((own - goal).astype(np.float64))) / (size or 1.0)
        measures = {
            "relative_error": error,
            "psnr_db": psnr(picture, original),
            "relative_error_of_gray": float(np.linalg.norm((of_gray - goal).astype(np.float64)))
            / (size or 1.0),
            "psnr_db_of_gray": psnr(np.full_like(original, 0.5), original),
        }
        found.append(
            Picture(
                pixels=drawn(picture),
                caption=f"{layer.name}: features off by {100 * error:.3g} %; {measures['psnr_db']:.1f} dB",
                value=error,
                role="inversion",
                measures=measures,
                values=values,
            )
        )
    return found


def psnr(picture: Array, original: Array) -> float:
    """Return −10·log₁₀ of the mean square difference of pictures in 0..1, in dB; at most 99."""
    square = float(((picture.astype(np.float64) - original) ** 2).mean())
    return 99.0 if square < 1e-9 else min(99.0, -10 * float(np.log10(square)))


def _note(run: Run, rows: Sequence[Sequence[Picture]]) -> None:
    for index, row in enumerate(rows):
        for one in row[1:]:
            if one.measures["relative_error"] >= one.measures["relative_error_of_gray"]:
                run.note(
                    NOT_NEARER,
                    f"Image {index}: the inversion ({one.caption}) comes no nearer to the features than plain gray. "
                    "Give more steps, or another rate.",
                )
