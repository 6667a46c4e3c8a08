"""Answers that the background decides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.boxed import Boxed, boxed_images, pictured
from inspector.checks.rule import Found, rule
from inspector.engine.sweeping.sweep import Sweeping
from inspector.errors import InvalidInputError, NotFoundError, UnsupportedOperatorError
from inspector.methods.choosing import choose
from inspector.methods.occlusion.occluder import Occluder, make_occluder
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.results.images import Images, Picture
from inspector.types.targets import Class

_MOST_PICTURES = 4
_LEAST_OBJECT, _LEAST_GROUND = 0.01, 0.05
"""Shares of the image that boxes must cover, and leave, for the two to be compared."""


@rule(
    "attention-object",
    family="attention",
    severity="warning",
    rationale="A model that minds its background more than the object learned the background, and fails on the object "
    "in another place.",
    mend="Look at the map of what each square is worth; train with the object before other backgrounds. Check that the "
    "boxes are in pixels of the model's input.",
    needs=("images", "boxes", "runs"),
)
def attention_object(
    examination: Examination, *, ratio: float = 1.0, grid: int = 5, images: int = 8
) -> Iterator[Found]:
    """Find images whose most probable class loses less by a gray square on the object than by one on the background.

    The image is covered square by square, `grid` along each side. What the score before the softmax loses is averaged
    inside and outside of the boxes, where a square counts by its share in them; inside it must be more than `ratio`
    times outside. On so many of the images with boxes.
    """
    if grid < 2:
        raise InvalidInputError(
            f"grid is {grid}; it must be at least 2.", field="options[attention-object.grid]"
        )
    passed: list[bool] = []
    pictures: list[Picture] = []
    unjudged: list[str] = []
    for one in boxed_images(examination, most=images):
        occluder = _occluder(examination, one, grid)
        shares = _shares(one, occluder)
        if not _LEAST_OBJECT <= float(shares.mean()) <= 1 - _LEAST_GROUND:
            unjudged.append(one.name)
            continue
        drops = _drops(examination, one, occluder)
        if not np.isfinite(drops).all():
            raise SkippedError(f"what the model answers on {one.name} is not finite, or has no class.")
        inner = float((drops * shares).sum() / shares.sum())
        outer = float((drops * (1 - shares)).sum() / (1 - shares).sum())
        passed.append(inner > ratio * max(outer, 0.0))
        if not passed[-1]:
            if len(pictures) < _MOST_PICTURES:
                pixels = pictured(examination, one, np.maximum(drops, 0))
                pictures.append(Picture(pixels=pixels, caption=f"{one.name}: what each square is worth"))
            yield Found(
                subject=one.name,
                kind="image",
                message=f"On {one.name} the answer loses no more by a square on the object than by one on the "
                "background.",
                measured=f"{inner:.3g} of the score on the object, {outer:.3g} on the background",
                allowed=f"more than {ratio:g} times the background's",
            )
    if not passed:
        raise SkippedError(
            "of every image the boxes cover less than 1%, or more than 95%, so there is nothing to compare: "
            f"{', '.join(unjudged)}."
        )
    examination.tell("attention_on_object", float(np.mean(passed)))
    if pictures:
        caption = "What the score of the most probable class loses where a square is gray; the boxes are the object's."
        examination.show("attention-object", Images(images=tuple(pictures)), caption=caption)


def _occluder(examination: Examination, one: Boxed, grid: int) -> Occluder:
    """Return a gray square that covers an image in so many steps along each side."""
    size = tuple(max(1, round(side / grid)) for side in one.size)
    request = OccludeRequest(images=Prepared(one.image), size=size, stride=size)
    return make_occluder(examination.run.engine, one.image, request)


def _shares(one: Boxed, occluder: Occluder) -> Array:
    """Return which share of each square lies in the boxes, float64 (rows, columns)."""
    inside = one.object
    (rows, columns), (height, width) = occluder.starts, occluder.size
    return np.array(
        [[inside[row : row + height, column : column + width].mean() for column in columns] for row in rows]
    )


def _drops(examination: Examination, one: Boxed, occluder: Occluder) -> Array:
    """Return what the score of the most probable class loses by each square, float64 (rows, columns)."""
    run, image = examination.run, one.image
    try:
        chosen = choose(run, image, Class())
    except (InvalidInputError, NotFoundError, UnsupportedOperatorError) as error:
        raise SkippedError(f"on {one.name} no class can be chosen: {error.message}") from error
    shape = tuple(len(starts) for starts in occluder.starts)
    positions = list(product(*map(range, shape)))
    scores = np.full(len(positions), np.nan)
    tensor = chosen.resolved.tensor
    for part, tensors in Sweeping(run, occluder.variants(image, positions), (tensor,)).answers():
        scores[part.start : part.stop] = chosen.scores(tensors[tensor])
    found: Array = (float(chosen.resolved.value) - scores).reshape(shape)
    return found
