"""One image for rules that need any: the first that is given, else noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.engine.heads import SIDES
from inspector.errors import CancelledError, InspectorError
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.dtypes import Dtype


def sample(examination: Examination) -> Array:
    """Return (1, *image), as the model takes it: the first image, else noise in the range of the preprocessing.

    Where the model leaves the size free and no image is given, noise of the first usual size on which it runs;
    SkippedError where it runs on none of them.
    """
    if examination.has_images:
        _, first = next(iter(examination.prepared(most=1)))
        return first.values[:1]
    model, engine = examination.model, examination.run.engine
    shapes = list(_shapes(model))
    if len(shapes) == 1:
        return _noise(model, shapes[0])[None]
    outputs = [output.name for output in model.outputs]
    for shape in shapes:
        image = _noise(model, shape)[None]
        try:
            engine.run_forward(
                engine.filled(image), outputs, cancellation=examination.run.control.cancellation
            )
        except CancelledError:
            raise
        except InspectorError:
            continue
        return image
    raise SkippedError(
        f"the model leaves the size of its image free, and runs on none of those that were tried "
        f"({', '.join(map(str, SIDES))} pixels); give --data."
    )


def _shapes(model: OnnxModel) -> Iterator[tuple[int, ...]]:
    given = model.input.image_shape
    if all(isinstance(size, int) for size in given):
        yield tuple(size for size in given if isinstance(size, int))
        return
    layout = model.input.layout.removeprefix("N")
    said = {"C": model.input.channels, "H": model.preprocessing.height, "W": model.preprocessing.width}
    for side in (None, *SIDES):
        sizes = [
            size if isinstance(size, int) else said.get(letter) or side
            for size, letter in zip(given, layout.ljust(len(given), "?"), strict=False)
        ]
        if all(size is not None for size in sizes):
            yield tuple(size for size in sizes if size is not None)


def _noise(model: OnnxModel, shape: tuple[int, ...]) -> Array:
    spec = model.preprocessing
    pixels = np.random.default_rng(0).uniform(0, 255, shape)
    values = (pixels * spec.scale - np.mean(spec.mean)) / np.mean(spec.std)
    kind = np.dtype(Dtype(model.input.dtype))
    return np.asarray((np.rint(values) if kind.kind in "iu" else values).astype(kind))
