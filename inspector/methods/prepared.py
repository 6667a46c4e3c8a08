"""Images of a request, prepared once, whatever its caller gave; and what is doubtful about how, noted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InspectorError, InvalidInputError
from inspector.methods.notes import ASSUMED_PREPROCESSING, RESIZED_TO_RUN, UNEXPECTED_RANGE
from inspector.model.preprocessing.prepare import prepare
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.images import ImageLike, Prepared
from inspector.types.layouts import batched
from inspector.types.preprocessing import Preprocessing
from inspector.types.presets import PRESETS

_FIRST = re.compile(r"^images\[(\d+)\]")

SETTLE = (
    f"give preprocessing, by a preset ({', '.join(PRESETS)}) or by keys such as scale, mean, std and color, or put it "
    "into an inspector.json beside the model."
)


def prepared(
    run: Run, images: ImageLike, *, runs: bool = True, preprocessing: Preprocessing | None = None
) -> Prepared:
    """Return images as the model takes them; between two of them a caller that left is noticed.

    Of a size on which the model would hold too much they are refused before they are decoded, unless it `runs` on none
    of them. Notes what is assumed of the preprocessing, where a picture went through it, and values that are not in the
    range that the graph is made for. `preprocessing` stands in for the model's own.
    """
    model = run.engine.model
    if preprocessing is not None:
        model = replace(model, preprocessing=preprocessing)
    admit = run.engine.require_room if runs else None
    x = prepare(model, images, cancellation=run.control.cancellation, admit=admit)
    x = _of_size_that_runs(run, model, x, images)
    assumed = model.preprocessing.assumed
    if x.from_pictures and assumed:
        run.note(
            ASSUMED_PREPROCESSING,
            f"How a picture becomes the input is assumed, as nothing says it: {', '.join(assumed)}. "
            f"To settle it, {SETTLE}",
        )
    told = unexpected_range(model, x)
    if told is not None:
        run.note(UNEXPECTED_RANGE, f"{told} The answer may mean nothing. To mend it, {SETTLE}")
    return x


def prepared_parts(
    run: Run,
    images: ImageLike,
    *,
    most: int = 64,
    runs: bool = True,
    preprocessing: Preprocessing | None = None,
) -> Iterator[tuple[range, Prepared]]:
    """Yield (which images, those images as the model takes them), at most `most` at a time: a set of any size fits."""
    if not isinstance(images, list | tuple) or not images:  # an empty list is refused as any verb does
        one = prepared(run, images, runs=runs, preprocessing=preprocessing)
        if not len(one):
            raise InvalidInputError("There is no image; give at least one.", reason="MISSING", field="images")
        for start in range(0, len(one), most):
            part = one[start : start + most]
            yield range(start, start + len(part)), part
        return
    done = 0
    for start in range(0, len(images), most):
        with counted_from(start):
            given = list(images[start : start + most])
            part = prepared(run, given, runs=runs, preprocessing=preprocessing)
        yield range(done, done + len(part)), part
        done += len(part)


@contextmanager
def counted_from(start: int) -> Iterator[None]:
    """Let an error about one of some images name its place among all."""
    try:
        yield
    except InspectorError as error:
        if start and error.field is not None:
            error.field = _FIRST.sub(lambda found: f"images[{start + int(found[1])}]", error.field, count=1)
        raise


def _of_size_that_runs(run: Run, model: OnnxModel, x: Prepared, images: ImageLike) -> Prepared:
    """Return pictures in a size that stands in for their own, on which the model was found not to run; else `x`."""
    if not x.from_pictures:
        return x
    sizes = run.engine.image_sizes
    given = sizes.of(x.values)
    other = run.sizes.get(given, given)
    if other != given:
        letters = batched(model.input.layout)
        sides = {letters[axis]: side for axis, side in zip(sizes.axes, other, strict=True)}
        height, width = (sides.get(letter, x.values.shape[letters.index(letter)]) for letter in "HW")
        spec = replace(model.preprocessing, resize="exact", height=height, width=width)
        x = prepare(replace(model, preprocessing=spec), images, cancellation=run.control.cancellation)
        run.note(
            RESIZED_TO_RUN,
            f"The model does not run on pictures of {' × '.join(map(str, given))}: they were resized to "
            f"{' × '.join(map(str, other))}, near to it, on which it does.",
        )
    run.pictured.add(sizes.of(x.values))
    return x


def unexpected_range(model: OnnxModel, x: Prepared | None) -> str | None:
    """Say which values the model gets where its graph is made for others; None where it is not known, or as it is.

    Without images: which it would get of pictures.
    """
    if model.takes is None:
        return None
    low, high = model.takes
    wants = f"the graph is made for pixels in {low:g}..{high:g}"
    if x is None or x.from_pictures:
        spec = model.preprocessing
        mean, std = np.asarray(spec.mean), np.asarray(spec.std)
        ends = [(np.asarray(pixel * spec.scale) - mean) / std for pixel in (0.0, 255.0)]
        given = float(min(end.min() for end in ends)), float(max(end.max() for end in ends))
        room = 0.3 * (high - low)
        if abs(given[0] - low) <= room and abs(given[1] - high) <= room:
            return None
        return f"The preprocessing brings pixels to {given[0]:.4g}..{given[1]:.4g}, and {wants}."
    if not np.issubdtype(x.values.dtype, np.floating) or not _is_of_another_size(x.values, high - low):
        return None
    return f"The values of the array are {x.values.min():.4g} to {x.values.max():.4g}, and {wants}."


def _is_of_another_size(values: Array, width: float) -> bool:
    """Return whether values differ by a hundredth of a range, or reach ten times as far: one color is of any range."""
    least, most = float(values.min()), float(values.max())
    return least < most and (most - least < 0.02 * width or max(abs(least), abs(most)) > 10 * width)
