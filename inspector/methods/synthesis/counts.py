"""How long a synthesis may take for a caller that cannot end it, and what its numbers must be."""

from __future__ import annotations

from math import isfinite

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, LimitExceededError, in_brief

MOST_STEPS = 1000
"""For a caller that cannot end it."""


def require_steps(run: Run, steps: int) -> None:
    """Raise InvalidInputError for none, LimitExceededError for so many that somebody must be able to stop them."""
    if steps < 1:
        raise InvalidInputError(f"steps is {steps}; it must be at least 1.", field="steps")
    if steps > MOST_STEPS and not run.control.can_end:
        raise LimitExceededError(
            f"steps is {steps:,}; more than {MOST_STEPS:,} need a timeout, a cancellation or a progress.",
            field="steps",
        )


def require_above_zero(**numbers: float | None) -> None:
    """Raise InvalidInputError for a number, under its option's name, that is not above 0, or not finite."""
    for name, value in numbers.items():
        if value is not None and not (value > 0 and isfinite(value)):
            raise InvalidInputError(f"{name} is {in_brief(value)}; it must be above 0.", field=name)


def require_not_below_zero(**numbers: float | None) -> None:
    """Raise InvalidInputError for a number, under its option's name, that is below 0, or not finite."""
    for name, value in numbers.items():
        if value is not None and not (value >= 0 and isfinite(value)):
            raise InvalidInputError(f"{name} is {in_brief(value)}; it must be 0 or more.", field=name)
