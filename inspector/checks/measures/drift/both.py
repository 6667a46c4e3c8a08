"""The same images for two models, each with its own preprocessing."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.drift.pictures import MOST_PLACES, ways_of_pictures
from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.prepared import prepared
from inspector.model.preprocessing.prepare import planned_shapes
from inspector.types.images import Prepared
from inspector.types.layouts import batched, of_one

BASELINE_PREPARED_ALIKE = "baseline_prepared_alike"
COMPARED_SMALLER = "compared_smaller"

Parts = Iterator[tuple[range, Prepared]]
"""Which images, and those as a model takes them, some after others."""
Both = tuple[range, Prepared, Prepared]
"""Which images, as the model takes them, and as the baseline does."""


def baseline_of(examination: Examination) -> Run:
    """Return the run of the baseline; SkippedError where none is named."""
    found = examination.baseline
    if found is None:
        raise SkippedError("it needs another model to compare with; give --baseline.")
    return found


def both_prepared(examination: Examination, *, most: int | None = None) -> Iterator[Both]:
    """Yield the images as both models take them, part by part, in bounded memory.

    Pictures go through each model's own preprocessing, and through the model's where less is said of the baseline's;
    where one of both leaves their size free, they get the other's. Arrays as the model takes them get the baseline's
    layout and type. SkippedError where the baseline takes no such images.
    """
    baseline = baseline_of(examination)
    ways = ways_of_pictures(examination.model, baseline.engine.model)
    first = next(examination.prepared(most=1, preprocessing=ways.own), None)
    if first is None:
        return
    if not first[1].from_pictures:
        ours = _of_one_kind(examination.prepared(most=most), from_pictures=False)
        yield from _taken_alike(examination, baseline, ours)
        return
    if ways.is_free and _most_places(examination) > MOST_PLACES:
        ways = ways.smaller()
        examination.run.note(COMPARED_SMALLER, ways.told)
    if not ways.is_told:
        examination.run.note(
            BASELINE_PREPARED_ALIKE,
            "The baseline got pictures as the model does, since less is said of its own preprocessing: "
            f"{', '.join(baseline.engine.model.preprocessing.assumed)} would have been assumed.",
        )
    ours = _of_one_kind(examination.prepared(most=most, preprocessing=ways.own), from_pictures=True)
    if ways.is_same:
        yield from _taken_alike(examination, baseline, ours)
    else:
        theirs = examination.prepared(most=most, run=baseline, preprocessing=ways.other)
        yield from _side_by_side(ours, theirs)


def _of_one_kind(parts: Parts, *, from_pictures: bool) -> Parts:
    """Yield the parts as they are; SkippedError at the first that is of the other kind."""
    for places, part in parts:
        if part.from_pictures != from_pictures:
            raise SkippedError(
                "arrays as the model takes them and pictures are given together; give one kind."
            )
        yield places, part


def _most_places(examination: Examination) -> int:
    """Return how many pixels the largest picture has, as far as headers tell."""
    letters = of_one(examination.model.input.layout)
    images = examination.request.images
    return max(
        (
            prod(size for letter, size in zip(letters, shape, strict=False) if letter != "C")
            for shape in planned_shapes(examination.model, images)
        ),
        default=0,
    )


def _taken_alike(examination: Examination, baseline: Run, parts: Parts) -> Iterator[Both]:
    """Yield parts of the model's images beside the same arrays as the baseline takes them."""
    for places, ours in parts:
        yield places, ours, _as_taken_by(baseline, ours, layout=examination.model.input.layout)


def _side_by_side(parts: Parts, others: Parts) -> Iterator[Both]:
    """Yield parts of the model's images beside as many of those that the baseline makes of the same pictures."""
    theirs: Prepared | None = None
    for places, ours in parts:
        done = 0
        while done < len(ours):
            if theirs is None or not len(theirs):
                theirs = _next(others)
            count = min(len(theirs), len(ours) - done)
            start = places.start + done
            yield range(start, start + count), ours[done : done + count], theirs[:count]
            theirs, done = theirs[count:], done + count


def _next(parts: Parts) -> Prepared:
    try:
        return next(parts)[1]
    except StopIteration:
        raise SkippedError("the baseline reads fewer images from what was given.") from None
    except InvalidInputError as error:
        raise _refused(error) from error


def _as_taken_by(baseline: Run, images: Prepared, *, layout: str) -> Prepared:
    """Return arrays that one model takes as the baseline takes them: its order of the axes, its type."""
    given = baseline.engine.model.input
    ours, theirs = batched(layout), batched(given.layout)
    values = images.values
    if sorted(ours) == sorted(theirs) and values.ndim == len(ours):
        values = np.transpose(values, [ours.index(letter) for letter in theirs])
    try:
        return prepared(baseline, np.ascontiguousarray(values).astype(given.dtype, copy=False))
    except InvalidInputError as error:
        raise _refused(error) from error


def _refused(error: InvalidInputError) -> SkippedError:
    return SkippedError(f"the baseline does not take these images: {error.message}")
