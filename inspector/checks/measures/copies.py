"""What shapes the outputs have for one image, and for several copies of it in one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.sample import sample
from inspector.errors import EngineError, InvalidModelError

COPIES = (1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Runs of one image, and of copies of it."""

    shapes: Mapping[int, Mapping[str, tuple[int, ...]]]
    """By how many images ran together, those of each output; of a fixed batch only that many."""
    failures: Mapping[int, str]
    """By how many images were to run together, what ONNX Runtime said."""
    image: tuple[int, ...]
    """The shape of the image, without a batch axis."""


def copies(examination: Examination) -> Copies:
    """Run one image alone, and where the batch is free twice and three times in one batch; SkippedError as `sample`.

    Copies, because what a model finds on an image may differ from one to another. ImageSizeError where it runs on
    images of other sizes than the one that is given.
    """
    engine, model = examination.run.engine, examination.model
    image = examination.measured(sample)
    names = [output.name for output in model.outputs]
    shapes: dict[int, dict[str, tuple[int, ...]]] = {}
    failures: dict[int, str] = {}
    for count in (model.input.batch,) if model.input.batch is not None else COPIES:
        chunk = np.repeat(image, count, axis=0)
        run = engine.run_forward if shapes else engine.fetch
        try:
            found = run(chunk, names, cancellation=examination.run.control.cancellation)
        except (EngineError, InvalidModelError) as error:
            failures[count] = error.message
            if not shapes:
                break
        else:
            shapes[count] = {name: tuple(tensor.numpy().shape) for name, tensor in found.items()}
    return Copies(shapes=shapes, failures=failures, image=tuple(image.shape[1:]))
