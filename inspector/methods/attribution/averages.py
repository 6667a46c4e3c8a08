"""The mean gradient of one target over many images that are made from one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import InvalidInputError, LimitExceededError
from inspector.methods.attribution.projection import project
from inspector.methods.notes import note_missing
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array

MOST_RUNS = 100_000
"""How many images a method makes of one for a caller that cannot end it: more take hours, and tell no more."""


def require_count(run: Run, count: int, *, field: str) -> None:
    """Raise InvalidInputError for none, LimitExceededError for so many that somebody must be able to stop it."""
    if count < 1:
        raise InvalidInputError(f"{field} is {count}; it must be at least 1.", field=field)
    if count > MOST_RUNS and not run.control.can_end:
        raise LimitExceededError(
            f"{field} is {count:,}; more than {MOST_RUNS:,} need a timeout, a cancellation or a progress.",
            field=field,
        )


@dataclass(frozen=True)
class Part:
    """One of several parts of equal length, whose progress is told as that of the whole."""

    number: int
    parts: int

    def tell(self, run: Run, done: int, steps: int) -> None:
        """Say how far the part is."""
        run.control.tell(self.number * steps + done, self.parts * steps)


def chunks(engine: Engine, count: int, image: tuple[int, ...]) -> Iterator[range]:
    """Cut `count` steps into as many as one run takes of images of a shape."""
    size = engine.model.input.batch or engine.largest_batch(image)
    return (range(start, min(start + size, count)) for start in range(0, count, size))


def mean_gradient(
    run: Run,
    target: Chosen,
    make: Callable[[range], Array],
    *,
    count: int,
    image: tuple[int, ...],
    part: Part,
) -> Array:
    """Return the mean of ∂S/∂x over `count` images of a shape; `make` gives those of a range of steps.

    NaN where one of them does not have the target's element, of which a note tells.
    """
    total, missing = np.zeros(image, np.float64), 0
    for steps in chunks(run.engine, count, image):
        found = project(run, make(steps), [target], policy="gradient")
        total += found.maps.sum(axis=0, dtype=np.float64)
        missing += found.missing
        part.tell(run, steps.stop, count)
    note_missing(run, missing, count, "the map is NaN")
    return (total / count).astype(np.float32)
