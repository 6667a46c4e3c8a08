"""Notes: what a caller must know of how a result came about."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.run import Run
from inspector.resolve.finite import Origin, find_origin, not_finite
from inspector.types.arrays import Array

NOT_FINITE = "not_finite"
NOTHING_FOUND = "nothing_found"
ELEMENT_MISSING = "element_missing"
STILL_LAYER = "still_layer"
HARDLY_MOVES = "hardly_moves"
ASSUMED_PREPROCESSING = "assumed_preprocessing"
RESIZED_TO_RUN = "resized_to_run"
UNEXPECTED_RANGE = "unexpected_range"
PLACES_UNKNOWN = "places_unknown"
NO_RECTIFIER = "no_rectifier"
IDLE_POLICY = "idle_policy"
NO_LAYER_WITH_MAPS = "no_layer_with_maps"


def note_run(run: Run) -> None:
    """Note what every result deserves."""


def note_missing(run: Run, missing: int, runs: int, consequence: str) -> None:
    """Note in how many of the runs on changed images the tensor was too small to have the target's elements."""
    if missing:
        run.note(
            ELEMENT_MISSING,
            f"In {missing:,} of {runs:,} runs on changed images the model found too little to have the target's "
            f"element: {consequence}.",
        )


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
