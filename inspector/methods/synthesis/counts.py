"""How long a synthesis may take for a caller that cannot end it, and what its numbers must be."""

from __future__ import annotations

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, LimitExceededError, in_brief

MOST_STEPS = 1000
"""For a caller that cannot end it."""
MOST = 1e9
"""Of any other number: what is larger overflows in the graphs."""


def require_steps(run: Run, steps: int, *, most: int = MOST_STEPS) -> None:
    """Raise InvalidInputError for none, LimitExceededError for so many that somebody must be able to stop them."""
    if steps < 1:
        raise InvalidInputError(f"steps is {steps}; it must be at least 1.", field="steps")
    if steps > most and not run.control.can_end:
        raise LimitExceededError(
            f"steps is {steps:,}; more than {most:,} need a timeout, a cancellation or a progress.",
            field="steps",
        )


def require_above_zero(**numbers: float | None) -> None:
    """Raise InvalidInputError for a number, under its option's name, that is not above 0, or too large."""
    for name, value in numbers.items():
        if value is not None and not 0 < value <= MOST:
            raise InvalidInputError(
                f"{name} is {in_brief(value)}; it must be above 0, and at most {MOST:g}.", field=name
            )


def require_seed(seed: int | None) -> None:
    """Raise InvalidInputError for a seed below 0."""
    if seed is not None and seed < 0:
        raise InvalidInputError(f"seed is {seed}; it must be 0 or more.", field="seed")


def require_not_below_zero(**numbers: float | None) -> None:
    """Raise InvalidInputError for a number, under its option's name, that is below 0, or too large."""
    for name, value in numbers.items():
        if value is not None and not 0 <= value <= MOST:
            raise InvalidInputError(f"{name} is {in_brief(value)}; it must be 0 to {MOST:g}.", field=name)
