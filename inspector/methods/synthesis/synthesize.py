"""Synthesis: activation maximization from noise, on the device (Erhan et al. 2009; Simonyan et al. 2014, §2)."""

from __future__ import annotations

from functools import partial

import numpy as np

from inspector.engine.loop import Loop
from inspector.engine.run import Run
from inspector.errors import InvalidInputError, within
from inspector.methods.card import Card
from inspector.methods.notes import note_target
from inspector.methods.prepared import prepared_parts
from inspector.methods.room import require_pictures_fit
from inspector.methods.synthesis.beginning import size_of
from inspector.methods.synthesis.counts import MOST, require_seed
from inspector.methods.synthesis.finishing import finished, so_far
from inspector.methods.synthesis.framing import Framing, framing_of
from inspector.methods.synthesis.goals import goal_of
from inspector.methods.synthesis.grouping import Group, grouped
from inspector.methods.synthesis.judges import judges_of
from inspector.methods.synthesis.natural import natural_images
from inspector.methods.synthesis.painting import painting_of
from inspector.methods.synthesis.recipes import Recipe, recipe_of
from inspector.methods.verbs import answers
from inspector.resolve.targets import source_of
from inspector.types.arrays import Array
from inspector.types.requests.base import has_images
from inspector.types.requests.synthesize import SynthesizeRequest
from inspector.types.results.images import Images, Picture

SYNTHETIC = "synthetic"
CAUTION = (
    "A synthesis shows what drives its target hardest, not what the network usually sees: people predict a unit "
    "better from the photographs that excite it most (Borowski et al. 2021). A high score is no proof, noise reaches "
    "it as well: ask other networks (`models`)."
)
MOST_SAMPLES = 16
MOST_OF_A_SPECTRUM = 64
"""Images of which a spectrum is made."""
OPENED = "opened"
OPEN_STEPS = 16
"""As in Lucid (`redirected_relu_grad.py`)."""


@answers(
    SynthesizeRequest,
    card=Card(
        formula="x* = argmax_x E_τ[S(τ(x))] − Σ λ_i R_i(x): x is made of parameters z (pixels, a Fourier spectrum, or "
        "its phases), τ are random views (jitter, scale, rotation, crops), R total variation and norms; S is the score "
        "before a final Softmax, or another target's value; steps uphill by ascent, RMSprop, Adam or NAdam",
        source="Erhan et al. 2009; Simonyan et al. 2014, §2 (arXiv 1312.6034); Mahendran & Vedaldi 2015 (arXiv "
        "1412.0035); Olah et al. 2017 (distill.pub/2017/feature-visualization); Fel et al. 2023 (arXiv 2306.06805)",
        shows="Which textures, parts and colors a class, a channel or a direction rewards.",
        hides="How often the network sees such a thing. A high score says nothing: pixel noise reaches higher ones. "
        "Judge a synthesis by other networks, and beside the target's natural top images (arXiv 2010.12606).",
        cost="1 forward and 1 backward pass (about 3 forward passes) for each step and view; 128 steps by default",
    ),
)
def synthesize(run: Run, request: SynthesizeRequest) -> Images:
    """Make pictures of each target; the progress tells steps, with the pictures as they are."""
    recipe = recipe_of(run, request)
    _require_counts(request)
    photographs = _photographs(run, request)
    framing = _framing(run, request, recipe, photographs)
    goals = []
    for index, target in enumerate(request.targets):
        with within(f"targets[{index}]"):
            goals.append(goal_of(run, target, framing.first()))
            note_target(run, target)
    judges = judges_of(run, request.models)
    require_pictures_fit(run, framing.first(), pictures=len(goals) * request.samples)
    run.note(SYNTHETIC, CAUTION)
    done: list[Picture] = []
    groups = list(grouped(run, request, goals, crops=recipe.crops, image=framing.frame.shape))
    for number, group in enumerate(groups):
        loop = _loop(run, request, recipe, framing, group, photographs)
        shut = recipe.open_steps or 0
        for step in range(recipe.steps):
            if step == shut > 0:
                loop.turn_to("gradient")
            loop.step(rate=recipe.rate, progress=step / max(recipe.steps - 1, 1))
            if step == 0 and recipe.open_steps is None and not loop.moved():
                shut = _opened(run, loop)
            run.control.tell(
                number * recipe.steps + step + 1,
                len(groups) * recipe.steps,
                partial=partial(so_far, run, done, loop, group),
            )
        done += finished(run, framing, loop, group, judges)
    if has_images(request):
        for target, goal in zip(request.targets, goals, strict=True):
            done += natural_images(run, framing, target, goal, request.images)
    return Images(images=tuple(done), notes=run.notes)


def _require_counts(request: SynthesizeRequest) -> None:
    if not request.targets:
        raise InvalidInputError(
            "A synthesis needs a target: a class by its index or label, Unit(layer, channel), Region, Element or "
            "Direction.",
            reason="MISSING",
            field="targets",
        )
    if not 1 <= request.samples <= MOST_SAMPLES:
        raise InvalidInputError(
            f"samples is {request.samples}; allowed is 1 to {MOST_SAMPLES}.", field="samples"
        )
    if request.weights is not None and len(request.weights) != len(request.targets):
        raise InvalidInputError(
            f"weights has {len(request.weights)} numbers for {len(request.targets)} targets; give one for each.",
            field="weights",
        )
    for index, weight in enumerate(request.weights or ()):
        if not abs(weight) <= MOST:
            raise InvalidInputError(
                f"weights[{index}] is {weight:g}; it must be -{MOST:g} to {MOST:g}.", field="weights"
            )
    require_seed(request.seed)


def _photographs(run: Run, request: SynthesizeRequest) -> Array | None:
    """Return the first of the given images as the model takes them, (N, *image)."""
    if not has_images(request):
        return None
    return next(prepared_parts(run, request.images, most=MOST_OF_A_SPECTRUM, runs=False))[1].values


def _framing(run: Run, request: SynthesizeRequest, recipe: Recipe, photographs: Array | None) -> Framing:
    values = None if photographs is None else (float(photographs.min()), float(photographs.max()))
    with within("targets[0]"):
        tensor = source_of(run.engine, request.targets[0])
    size = request.size
    if size is None and photographs is not None and recipe.parameterization == "phase":
        size = size_of(run, photographs)
    return framing_of(run, size=size, tensor=tensor, values=values)


def _loop(
    run: Run,
    request: SynthesizeRequest,
    recipe: Recipe,
    framing: Framing,
    group: Group,
    photographs: Array | None,
) -> Loop:
    is_spectrum = photographs is not None and recipe.parameterization == "phase"
    own = framing.frame.pictures(photographs) if is_spectrum and photographs is not None else None
    painting = painting_of(recipe, framing, pictures=len(group.pictures), photographs=own)
    return Loop(
        run,
        painting,
        group.objective(crops=recipe.crops),
        generators=[np.random.default_rng([request.seed, one.sample]) for one in group.pictures],
        policy="open" if recipe.open_steps else "gradient",
    )


def _opened(run: Run, loop: Loop) -> int:
    """Let the gradient pass rectifiers, since none came through; return until which step."""
    run.note(
        OPENED,
        f"On noise no gradient came through the rectifiers to some picture: for the first {OPEN_STEPS} steps it passed "
        "them as if they were open.",
    )
    loop.turn_to("open")
    return OPEN_STEPS
