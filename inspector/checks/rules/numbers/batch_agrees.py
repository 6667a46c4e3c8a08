"""Answers that depend on which images share a batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.agreement import Agreement
from inspector.checks.measures.repeats import require_repeats
from inspector.checks.measures.trials import trials
from inspector.checks.rule import Found, rule
from inspector.engine.engine import Engine
from inspector.errors import EngineError
from inspector.types.arrays import Array

UNDIVIDED = "undivided_outputs"


@rule(
    "batch-agrees",
    family="numbers",
    severity="warning",
    rationale="A server batches what comes at the same time: an image's answer would depend on its company.",
    mend="Look for axes that count the batch's too (Reshape, Softmax, Transpose), for normalization in training mode, "
    "and for dynamic quantization, or serve one image at a time.",
    needs=("runs",),
)
def batch_agrees(examination: Examination, *, tolerance: float = 0.001) -> Iterator[Found]:
    """Find outputs whose values for an image are others when it shares its batch with other images.

    `tolerance` is a share of an output's largest magnitude.
    """
    engine, token = examination.run.engine, examination.run.control.cancellation
    images = _together(examination)
    require_repeats(examination)
    agreement = Agreement(examination, tolerance=tolerance)
    apart = [engine.fetch(_alone(engine, image), agreement.outputs, cancellation=token) for image in images]
    try:
        batch = engine.fetch(np.concatenate(images), agreement.outputs, cancellation=token)
    except EngineError as error:
        raise SkippedError(f"it does not run on {len(images)} images at once: {error.message}") from None
    reason = engine.company(images[0].shape[1:], agreement.outputs)
    because = f": {reason}" if reason else ""
    company = f"{len(images) - 1} other image{'' if len(images) == 2 else 's'}"
    undivided = []
    for name in agreement.outputs:
        whole, parts = batch[name].numpy(), [one[name].numpy() for one in apart]
        for index, part in enumerate(parts):
            own = _own(engine, name, whole, part, images, index)
            if own is None:
                undivided.append(name)
                break
            found = agreement.difference({name: own[0]}, {name: own[1]})
            if found is not None:
                yield Found(
                    subject=name,
                    kind="output",
                    message=f"Beside {company}, output {name!r} of image {index} {found.text}{because}.",
                    measured=found.measured,
                    allowed=found.allowed,
                )
                break
    if len(undivided) == len(agreement.outputs):
        raise SkippedError(f"what it gives for {len(images)} images cannot be told apart{because}.")
    if undivided:
        examination.run.note(
            UNDIVIDED,
            f"batch-agrees did not look at {', '.join(map(repr, undivided))}, whose values for several images cannot "
            "be told apart.",
        )


def _together(examination: Examination) -> list[Array]:
    """Return images of one size that fill a batch, at least two; SkippedError where there is none of several."""
    given = examination.model.input
    if given.batch_axis is None:
        raise SkippedError("its input has no axis for several images.")
    if given.batch == 1:
        raise SkippedError("its batch size is fixed to 1.")
    images = examination.measured(trials)
    alike = [image for image in images if image.shape == images[0].shape]
    room = given.batch or max(examination.run.engine.room.most(images[0].shape[1:]), 2)
    if len(alike) < 2 or not any(not np.array_equal(alike[0], other) for other in alike[1:room]):
        raise SkippedError("it needs two different images of one size; give more with --data.")
    count = given.batch or min(len(alike), room)
    return [alike[index % len(alike)] for index in range(count)]


def _alone(engine: Engine, image: Array) -> Array:
    """Return a batch of one image: of a fixed one, that of its copies."""
    return np.repeat(image, engine.model.input.batch or 1, axis=0)


def _own(
    engine: Engine, name: str, whole: Array, alone: Array, images: list[Array], index: int
) -> tuple[Array, Array] | None:
    """Return an image's values when it was alone, and in the batch; None where they cannot be told apart."""
    fixed, count = engine.model.input.batch, len(images)
    placement = engine.plan(images[0].shape[1:]).of(name)
    if (
        placement.axis is not None
        and placement.fits(whole.shape, count)
        and placement.fits(alone.shape, fixed or 1)
    ):
        return placement.split(alone, fixed or 1)[0], placement.split(whole, count)[index]
    if whole.ndim and alone.ndim == whole.ndim and whole.shape[0] == count and alone.shape[0] == (fixed or 1):
        return alone[0], whole[index]
    return (alone, whole) if whole.shape == alone.shape else None  # one for all images
