"""DeepDream: what a layer sees in a photograph, amplified octave by octave (Mordvintsev et al. 2015)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from inspector.engine.loop import Loop
from inspector.engine.run import Run
from inspector.errors import InvalidInputError, within
from inspector.methods.card import Card
from inspector.methods.notes import note_target
from inspector.methods.planes import layers_with_maps
from inspector.methods.prepared import prepared
from inspector.methods.room import require_pictures_fit
from inspector.methods.synthesis.beginning import at_size, framed, reframed, resized
from inspector.methods.synthesis.counts import (
    require_above_zero,
    require_not_below_zero,
    require_seed,
    require_steps,
)
from inspector.methods.synthesis.drawing import drawn
from inspector.methods.synthesis.framing import Framing
from inspector.methods.synthesis.goals import Goal, objective_of
from inspector.methods.synthesis.goals_on_images import goal_on, is_unnamed, name_of
from inspector.methods.synthesis.octaves import MOST_OCTAVES, is_fixed, octave_painting, sizes_of
from inspector.methods.verbs import answers
from inspector.resolve.targets import source_of
from inspector.types.arrays import Array
from inspector.types.requests.dream import DreamRequest
from inspector.types.results.images import Images, Picture
from inspector.types.targets import Class, Direction, Target

NOT_RAISED = "not_raised"
CHOSEN_LAYER = "chosen_layer"
DEPTH = 2 / 3
"""Of the layers with maps, the default is so far on the way: before it are textures, behind it whole things."""


@answers(
    DreamRequest,
    card=Card(
        formula="x ← x + r·∂S/∂x / RMS(∂S/∂x), again and again, S = ½·mean t² of a layer t (or a channel's mean, or a "
        "class's score), from a small copy of the photograph to its whole size; what an octave added "
        "is enlarged and laid over the next copy, so that the photograph's own detail comes back",
        source="Mordvintsev, Olah & Tyka 2015, *Inceptionism: Going Deeper into Neural Networks* (research.google)",
        shows="Which patterns a layer is made of, as they are tempted out of a photograph.",
        hides="How strongly the layer saw them there: everything is amplified, and what was strongest wins. It "
        "is no explanation of an answer.",
        cost="octaves · steps forward and backward passes, more where a picture is seen in parts (48 steps: about 150 "
        "to 600 forward passes)",
    ),
)
def dream(run: Run, request: DreamRequest) -> Images:
    """Return per image the original and its dream; the progress tells steps of images."""
    _require(run, request)
    x = prepared(run, request.images).values
    target = _target(run, request)
    with within("target"):
        whole = [goal_on(run, target, x[row : row + 1]) for row in range(len(x))]
        note_target(run, target)
    framing, _ = framed(run, x, tensor=whole[0].tensor)
    sizes = sizes_of(run, request, framing)
    originals = at_size(run, request.images, sizes[-1], framing)
    require_pictures_fit(run, originals[:1], pictures=2 * len(x))
    done: list[Picture] = []
    total = len(x) * len(sizes) * request.steps
    for index, original in enumerate(originals):
        first = Picture(pixels=drawn(original), caption=f"image {index}", role="original")
        base, added = original[None], np.zeros_like(original[None])
        generator = np.random.default_rng([request.seed, index])
        for octave, size in enumerate(sizes):
            small = resized(base, size)
            begun = np.clip(small + resized(added, size), 0, 1)
            seen = framing if is_fixed(run) else reframed(run, framing, size, tensor=whole[index].tensor)
            # A channel has other places at another size, and of boxes others are found.
            goal = goal_on(run, target, seen.frame.typed(seen.frame.values(resized(begun, seen.size))))
            loop = Loop(
                run,
                octave_painting(request, seen, size),
                objective_of([goal], crops=1),
                generators=[generator],
                start=begun,
            )
            for step in range(request.steps):
                loop.step(rate=request.rate)
                made = (index * len(sizes) + octave) * request.steps + step + 1
                run.control.tell(made, total, partial=partial(_so_far, run, done, first, loop))
            added = loop.picture() - small
        done += _pictures(run, framing, whole[index], first, original, np.clip(base + added, 0, 1)[0])
    return Images(images=tuple(done), notes=run.notes)


def _require(run: Run, request: DreamRequest) -> None:
    require_steps(run, request.steps)
    require_above_zero(rate=request.rate)
    require_not_below_zero(jitter=request.jitter)
    require_seed(request.seed)
    if not 1 <= request.octaves <= MOST_OCTAVES:
        raise InvalidInputError(
            f"octaves is {request.octaves}; allowed is 1 to {MOST_OCTAVES}.", field="octaves"
        )
    if not 1 < request.octave_scale <= 4:
        raise InvalidInputError(
            f"octave_scale is {request.octave_scale:g}; it must be above 1, and at most 4.",
            field="octave_scale",
        )


def _target(run: Run, request: DreamRequest) -> Target:
    """Return what is amplified, by default the norm of a layer."""
    target = request.target
    if target is not None and not is_unnamed(target):
        return target
    engine = run.engine
    tensor = source_of(engine, target or Class())
    layers = layers_with_maps(engine, tensor)
    if not layers:
        raise InvalidInputError(
            "This model has no layer with maps to dream of; name a target.", reason="MISSING", field="target"
        )
    layer = layers[min(int(DEPTH * len(layers)), len(layers) - 1)]
    run.note(CHOSEN_LAYER, f"No target was given: all that layer {layer.name!r} sees is amplified.")
    return Direction(layer.name)


def _so_far(run: Run, done: list[Picture], first: Picture, loop: Loop) -> Images:
    sketch = Picture(pixels=drawn(loop.picture()[0]), caption="so far", role="dream")
    return Images(images=(*done, first, sketch), notes=run.notes)


def _pictures(
    run: Run, framing: Framing, goal: Goal, first: Picture, original: Array, dreamt: Array
) -> list[Picture]:
    """Return the pictures with what the target is before and after, on the whole picture at the model's size."""
    both = resized(np.stack([original, dreamt]), framing.size)
    inputs = framing.frame.typed(framing.frame.values(both))
    before, after = goal.scores(run.forward(inputs, [goal.tensor])[goal.tensor]).tolist()
    name = name_of(goal)
    if after <= before:
        run.note(
            NOT_RAISED,
            f"{name} is not more than it was, {before:.4g} before and {after:.4g} now, on the picture as a whole. More "
            "steps or a larger rate may do it.",
        )
    is_whole = original.shape[1:] == framing.size
    return [
        replace(first, value=before, values=inputs[0] if is_whole else None),
        Picture(
            pixels=drawn(dreamt),
            caption=f"{name}: {before:.4g} before, {after:.4g} now",
            value=after,
            role="dream",
            measures={"before": before, "after": after},
            values=inputs[1] if is_whole else None,
        ),
    ]
