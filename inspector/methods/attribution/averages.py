"""The mean gradients of targets over many images that are made from one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import InvalidInputError, LimitExceededError
from inspector.methods.attribution.projection import project
from inspector.methods.notes import note_missing
from inspector.methods.pairs import crossed
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array

MOST_RUNS = 100_000
"""How many images a method makes of one for a caller that cannot end it: more take hours, and tell no more."""
_TOGETHER = 8
"""Targets that share the images that are made: of each there is a map for every image of a run."""


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
    """Some of several targets, which all take as many steps: their progress is told as that of the whole."""

    done: int
    """Targets before these."""
    count: int
    """Of these."""
    targets: int
    """Of all."""

    def tell(self, run: Run, done: int, steps: int) -> None:
        """Say how far the part is."""
        run.control.tell(self.done * steps + done * self.count, self.targets * steps)


def parts(chosen: Sequence[Chosen]) -> Iterator[tuple[list[int], Part]]:
    """Yield which targets share the images that are made, as they are on one image: a bounded number at a time."""
    by_image: dict[int, list[int]] = {}
    for place, one in enumerate(chosen):
        by_image.setdefault(one.resolved.image, []).append(place)
    done = 0
    for places in by_image.values():
        for start in range(0, len(places), _TOGETHER):
            some = places[start : start + _TOGETHER]
            yield some, Part(done, len(some), len(chosen))
            done += len(some)


def chunks(engine: Engine, count: int, image: tuple[int, ...]) -> Iterator[range]:
    """Cut `count` steps into as many as one run best takes of images of a shape."""
    size = engine.model.input.batch or engine.usual_batch(image)
    return (range(start, min(start + size, count)) for start in range(0, count, size))


def mean_gradients(
    run: Run,
    targets: Sequence[Chosen],
    make: Callable[[range], Array],
    *,
    count: int,
    image: tuple[int, ...],
    part: Part,
) -> list[Array]:
    """Return the mean of ∂S/∂x of each target over `count` images of a shape; `make` gives those of a range of steps.

    The targets share the forward passes. NaN where an image does not have the target's element, of which a note tells.
    """
    totals = [np.zeros(image, np.float64) for _ in targets]
    missing = Counter[int]()
    for steps in chunks(run.engine, count, image):
        made = make(steps)
        asked = crossed(targets, len(made)) if len(targets) > 1 else targets
        found = project(run, made, asked, policy="gradient")
        for number, gradient in enumerate(found.maps):
            totals[number % len(targets)] += gradient
        missing.update(place % len(targets) for place in found.missing)
        part.tell(run, steps.stop, count)
    for lacks in missing.values():
        note_missing(run, lacks, count, "the map is NaN")
    return [(total / count).astype(np.float32) for total in totals]
