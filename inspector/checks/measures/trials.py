"""Few images on which answers of one model are compared in different circumstances."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.engine.image_sizes import ImageSizeError
from inspector.engine.quantized.probes import probes
from inspector.engine.run import Run
from inspector.errors import EngineError
from inspector.types.arrays import Array

COUNT = 4
"""Images: what answers otherwise mostly does so on the first."""
MADE_IN_CODE = "probes"


def trials(examination: Examination) -> tuple[Array, ...]:
    """Return up to `COUNT` batches of one image, (1, *image), as the model takes them: the first of those given.

    Without images they are pictures made in code, the same ones every time, and a note says so. SkippedError where
    there is none that the model takes.
    """
    if examination.has_images:
        parts = examination.prepared(most=COUNT)
        return tuple(part.values[index : index + 1] for _, part in parts for index in range(len(part)))
    made = _that_run(examination.run, tuple(islice(probes(examination.model), COUNT)))
    if not made:
        raise SkippedError("no picture made in code is known that this model takes; give --data.")
    examination.run.note(
        MADE_IN_CODE, f"No images were given: answers were compared on {len(made)} pictures made in code."
    )
    return made


def _that_run(run: Run, made: Sequence[Array]) -> tuple[Array, ...]:
    """Return pictures in a size on which the model runs, repeated or cut off where it takes another; none in none."""
    engine = run.engine
    outputs = [output.name for output in engine.model.outputs]
    try:
        for image in made[:1]:
            engine.fetch(engine.filled(image), outputs, cancellation=run.control.cancellation)
    except ImageSizeError as error:
        sizes = tuple(zip(engine.image_sizes.axes, error.taken, strict=True))
        return tuple(_sized(image, sizes) for image in made)
    except EngineError:
        return ()
    return tuple(made)


def _sized(image: Array, sizes: Sequence[tuple[int, int]]) -> Array:
    for axis, size in sizes:
        image = np.take(image, np.arange(size) % image.shape[axis], axis)
    return np.ascontiguousarray(image)
