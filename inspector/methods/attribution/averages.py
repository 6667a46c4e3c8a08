"""The mean gradient of one target over many images that are made from one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from inspector.engine.engine import Engine
from inspector.methods.attribution.projection import Progress, project_targets
from inspector.resolve.chosen import Chosen
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array


def chunks(engine: Engine, count: int, image: tuple[int, ...]) -> Iterator[range]:
    """Cut `count` steps into as many as one run takes of images of a shape."""
    size = engine.model.input.batch or engine.largest_batch(image)
    return (range(start, min(start + size, count)) for start in range(0, count, size))


def mean_gradient(
    engine: Engine,
    target: Chosen,
    make: Callable[[range], Array],
    *,
    count: int,
    image: tuple[int, ...],
    progress: Progress,
    cancellation: Cancellation | None,
) -> Array:
    """Return the mean of ∂S/∂x over `count` images of a shape; `make` gives those of a range of steps."""
    total = np.zeros(image, np.float64)
    for steps in chunks(engine, count, image):
        found = project_targets(
            engine,
            make(steps),
            [target],
            method="saliency",
            policy="gradient",
            cancellation=cancellation,
        )
        total += found.maps.sum(axis=0, dtype=np.float64)
        progress(steps.stop, count)
    return (total / count).astype(np.float32)


def told(progress: Progress | None, *, part: int, parts: int) -> Progress:
    """Return the progress of one of several parts of equal length, told as that of the whole."""

    def tell(done: int, steps: int) -> None:
        if progress is not None:
            progress(part * steps + done, parts * steps)

    return tell
