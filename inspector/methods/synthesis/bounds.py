"""The bound of an attack and its steps: in gray levels of the picture, or in the units of the input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.perturbed import ROUNDED_INPUTS
from inspector.methods.synthesis.counts import require_above_zero, require_seed
from inspector.methods.synthesis.levels import Levels, levels_of
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.requests.fool import FoolRequest

LEVELS = 2.0
"""The bound by default, of 255."""
STEPS = 20

INPUT_UNITS = "input_units"


@dataclass(frozen=True)
class Attack:
    """What was asked for, checked: one step of the whole bound, or several."""

    steps: int
    bound: float | None
    step_size: float | None
    starts_at_random: bool

    def sizes(self, x: Array, levels: Levels | None) -> tuple[Array, Array]:
        """Return the bound and the size of a step, (N, 1, …) in levels or in the input's units."""
        flat = x.reshape(len(x), -1).astype(np.float64)
        usual = LEVELS if levels is not None else LEVELS / 255 * (flat.max(axis=1) - flat.min(axis=1))
        bound = np.broadcast_to(usual if self.bound is None else self.bound, len(x))
        size = bound if self.steps == 1 else 2.5 * bound / self.steps
        if self.step_size is not None:
            size = np.broadcast_to(self.step_size, len(x))
        lead = [-1, *[1] * (x.ndim - 1)]
        return bound.reshape(lead), size.reshape(lead)


def attack_of(request: FoolRequest) -> Attack:
    """Return the attack that is asked for; InvalidInputError names an option that makes none."""
    require_above_zero(bound=request.bound, step_size=request.step_size)
    require_seed(request.seed)
    if request.attack == "pgd":
        steps = STEPS if request.steps is None else request.steps
        return Attack(steps, request.bound, request.step_size, request.random_start)
    for name in ("steps", "step_size"):
        if getattr(request, name) is not None:
            raise InvalidInputError(
                f"{name} is an option of pgd; fgsm takes one step of the whole bound.", field=name
            )
    return Attack(1, request.bound, None, starts_at_random=False)


def bounding_levels(run: Run, x: Prepared, request: FoolRequest) -> Levels | None:
    """Return the levels that the bound is in; None, with a note, where it is in the input's units."""
    if np.dtype(run.engine.model.input.dtype).kind in "iu":
        run.note(
            ROUNDED_INPUTS,
            f"This model takes {run.engine.model.input.dtype}: images on the way are rounded to whole numbers, while "
            "small steps add up behind them.",
        )
    levels = None if request.unit == "input" else levels_of(run, x, asked=request.unit == "pixels")
    if levels is None and request.unit == "pixels":
        raise InvalidInputError(
            "The bound cannot be in gray levels: the images are no pictures, or hold values that no picture has under "
            "this preprocessing. Give a picture, or unit='input'.",
            field="unit",
        )
    if levels is None:
        why = "as was asked" if request.unit == "input" else "as no picture is known to lie behind it"
        run.note(
            INPUT_UNITS,
            f"The bound and the change are in the units of the model's input, {why}; nothing but the bound limits the "
            "values, and there are no 8-bit pixels to round to.",
        )
    return levels
