"""Notes: what a caller must know of how a result came about."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.run import Run
from inspector.resolve.finite import Origin, find_origin, not_finite
from inspector.types.arrays import Array

RAN_ALONE = "ran_alone"
NOT_FINITE = "not_finite"
STILL_LAYER = "still_layer"
HARDLY_MOVES = "hardly_moves"


def note_run(run: Run) -> None:
    """Note what every result deserves of a model whose answer for an image depends on its company."""
    if run.engine.traits.depends_on_batch:
        run.note(
            RAN_ALONE,
            "Every image ran alone: this model takes the ranges of its codes from the whole batch (dynamic "
            "quantization), so in a batch of several it would answer otherwise.",
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
