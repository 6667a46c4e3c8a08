"""Notes: what a caller must know of how a result came about."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.run import Run
from inspector.model.heads.head import CLASSES, EMBEDDING, PICTURE, POINTS, UNKNOWN, VALUES
from inspector.resolve.finite import Origin, find_origin, not_finite
from inspector.resolve.targets import Aim
from inspector.types.arrays import Array
from inspector.types.targets import Class, Combination

NOT_FINITE = "not_finite"
NOTHING_FOUND = "nothing_found"
ELEMENT_MISSING = "element_missing"
STILL_LAYER = "still_layer"
ASSUMED_MEANING = "assumed_meaning"
UNRECOGNIZED_OUTPUT = "unrecognized_output"
OTHER_OUTPUTS = "other_outputs"
DEFAULT_TARGET = "default_target"
HARDLY_MOVES = "hardly_moves"
ASSUMED_PREPROCESSING = "assumed_preprocessing"
RESIZED_TO_RUN = "resized_to_run"
UNEXPECTED_RANGE = "unexpected_range"
PLACES_UNKNOWN = "places_unknown"
PATCHES_TAKEN = "patches_taken"
LOCAL_WEIGHTS = "local_weights"
NO_RECTIFIER = "no_rectifier"
IDLE_POLICY = "idle_policy"
NO_LAYER_WITH_MAPS = "no_layer_with_maps"
CAUTION = "caution"
IMAGE_INDEPENDENT = "image_independent"
OPTIMIZATION_LOWERED = "optimization_lowered"


def note_missing(run: Run, missing: int, runs: int, consequence: str) -> None:
    """Note in how many of the runs on changed images the tensor was too small to have the target's elements."""
    if missing:
        run.note(
            ELEMENT_MISSING,
            f"In {missing:,} of {runs:,} runs on changed images the model found too little to have the target's "
            f"element: {consequence}.",
        )


def note_head(run: Run, output: str | None, *, by_index: bool = False) -> None:
    """Note what is guessed of an output, and that another could have been meant.

    A number that is named `by_index` is the same, whether it is the score of a class or a value.
    """
    head, heads = run.engine.head_of(output), run.engine.model.heads
    if head.guess is not None and not (by_index and head.meaning == CLASSES):
        run.note(ASSUMED_MEANING, head.guess)
    if head.meaning == UNKNOWN:
        run.note(
            UNRECOGNIZED_OUTPUT,
            f"What the numbers of output {head.output!r} mean is not known: they are given as they are.",
        )
    if output is None and heads.also:
        names = ", ".join(map(repr, heads.also[:8]))
        run.note(
            OTHER_OUTPUTS,
            f"Output {head.output!r} is read; {names} could have been meant as well: name it to have it.",
        )


def note_target(run: Run, target: Aim) -> None:
    """Note what a class target rests on, and which number is meant where its output has no classes."""
    if isinstance(target, Combination):
        for one, _ in target.terms:
            note_target(run, one)
    if not isinstance(target, Class):
        return
    note_head(run, target.output, by_index=target.index is not None)
    head = run.engine.head_of(target.output)
    is_lone = head.meaning == VALUES and head.classes == 1
    if target.index is None and head.meaning in _DEFAULTS and not is_lone:
        run.note(
            DEFAULT_TARGET, f"{_DEFAULTS[head.meaning].format(head.output)} {_OTHERS.format(head.output)}"
        )


_DEFAULTS = {
    POINTS: "Output {!r} holds coordinates of points; its first number is explained.",
    VALUES: "Output {!r} holds values; the first is explained.",
    EMBEDDING: "Output {!r} is an embedding; its norm is explained.",
    PICTURE: "Output {!r} is a picture; the mean of its pixels is explained.",
    UNKNOWN: "Of output {!r} the largest number is explained, or of a map the mean of all.",
}
_OTHERS = "For others give Element({0!r}, index) or Region({0!r}, index)."


def about_values(what: str, values: Array, origin: Origin | None) -> str | None:
    """Return the sentence on values that are not finite and on where they begin; None where all are finite."""
    count = not_finite(values)
    if not count:
        return None
    begins = (
        f"They begin in {origin}."
        if origin is not None
        else "On the image itself all layers are finite: they arise on the way back, or on images made from it."
    )
    return f"{count:,} of {values.size:,} values of {what} are NaN or infinite. {begins}"


def note_values(run: Run, x: Array, results: Array, *, what: str, images: Sequence[int]) -> None:
    """Note where results (M, …) are not finite, of which the m-th is about image `images[m]` of `x`.

    The layers are run again only where one is not.
    """
    failed = [image for image, values in zip(images, results, strict=True) if not_finite(values)]
    if failed:
        text = about_values(what, results, find_origin(run, x[failed[0]][None]))
        if text is not None:
            run.note(NOT_FINITE, text)
