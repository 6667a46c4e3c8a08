"""Recipes: all parts of a synthesis as data. A preset is one of them, and options replace its parts one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.graph.synthesis.regularizers import REGULARIZERS
from inspector.methods.synthesis.counts import require_above_zero, require_not_below_zero, require_steps
from inspector.types.requests.synthesize import SynthesizeRequest

MOST_STEPS = 10_000
"""For a caller that cannot end it."""
STEEPEST = 8.0
"""Of spectra, f^-decay: steeper ones overflow in large pictures."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a synthesis is made with."""

    parameterization: str = "fourier"
    decay: float | None = None
    """None for what is natural to the parameterization."""
    colors: str = "decorrelated"
    jitter: float = 0.0
    scale: float = 0.0
    rotate: float = 0.0
    crops: int = 1
    crop: tuple[float, ...] | None = None
    noise: float = 0.0
    total_variation: float = 0.0
    lp_norm: float = 0.0
    l2_norm: float = 0.0
    optimizer: str = "adam"
    rate: float = 0.05
    steps: int = 128
    open_steps: int | None = None
    """None: some where no gradient comes through at all, else none."""

    @property
    def regularizers(self) -> tuple[tuple[str, float], ...]:
        """Names and weights of those that count."""
        named = ((name, float(getattr(self, name))) for name in REGULARIZERS)
        return tuple((name, weight) for name, weight in named if weight)


PRESETS: Mapping[str, Recipe] = {
    "naive": Recipe(parameterization="pixels", colors="plain", steps=64),
    "four-tricks": Recipe(
        parameterization="pixels",
        colors="plain",
        optimizer="rmsprop",
        rate=0.05,
        total_variation=10.0,
        lp_norm=5.0,
    ),
    "clear": Recipe(jitter=16, scale=0.2, rotate=15, steps=128),
    "crops": Recipe(crops=4, crop=(0.9, 0.4), noise=0.05, steps=64),
    "spectrum": Recipe(
        parameterization="phase",
        crops=4,
        crop=(0.5, 0.05),
        noise=0.05,
        optimizer="nadam",
        rate=1.0,
        steps=128,
    ),
}


def recipe_of(run: Run, request: SynthesizeRequest) -> Recipe:
    """Return a request's preset with the parts that it gives itself; InvalidInputError names one that is no such."""
    given: dict[str, Any] = {
        one.name: getattr(request, one.name)
        for one in fields(Recipe)
        if getattr(request, one.name, None) is not None
    }
    recipe = replace(PRESETS[request.preset], **given)
    require_steps(run, recipe.steps, most=MOST_STEPS)
    _require(recipe)
    return recipe


def _require(recipe: Recipe) -> None:
    for name, least in (
        ("crops", 1),
        ("open_steps", 0),
    ):
        given = getattr(recipe, name)
        if given is not None and given < least:
            raise InvalidInputError(f"{name} is {given}; it must be at least {least}.", field=name)
    require_not_below_zero(jitter=recipe.jitter, scale=recipe.scale, rotate=recipe.rotate, noise=recipe.noise)
    require_not_below_zero(**{name: getattr(recipe, name) for name in REGULARIZERS})
    if recipe.decay is not None and not abs(recipe.decay) <= STEEPEST:
        raise InvalidInputError(
            f"decay is {recipe.decay:g}; it must be -{STEEPEST:g} to {STEEPEST:g}.", field="decay"
        )
    require_above_zero(rate=recipe.rate)
    if recipe.crops > 64:
        raise InvalidInputError(f"crops is {recipe.crops}; allowed is 1 to 64.", field="crops")
    if recipe.scale >= 1:
        raise InvalidInputError(f"scale is {recipe.scale:g}; it must be below 1.", field="scale")
    if recipe.crop is not None and (
        len(recipe.crop) not in (1, 2) or not all(0 < side <= 1 for side in recipe.crop)
    ):
        shown = ",".join(f"{side:g}" for side in recipe.crop)
        raise InvalidInputError(
            f"crop is {shown}; give one side, or the first and the last, above 0 and up to 1.", field="crop"
        )
