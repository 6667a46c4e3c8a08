"""Notes: what a caller must know of how a result came about."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.engine import Engine
from inspector.resolve.finite import Origin, find_origin, not_finite
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array


def notes_on_run(engine: Engine) -> tuple[str, ...]:
    """Return the note that every result of a model deserves whose answer for an image depends on its company."""
    if not engine.traits.depends_on_batch:
        return ()
    return (
        "Every image ran alone: this model takes the ranges of its codes from the whole batch (dynamic quantization), "
        "so in a batch of several it would answer otherwise.",
    )


def note_on_values(what: str, values: Array, origin: Origin | None) -> tuple[str, ...]:
    """Return the note on values that are not finite and on where they begin; none where all are finite."""
    count = not_finite(values)
    if not count:
        return ()
    begins = (
        f"They begin in {origin}."
        if origin is not None
        else "On the image itself all layers are finite: they arise on the way back, or on images made from it."
    )
    return (f"{count:,} of {values.size:,} values of {what} are NaN or infinite. {begins}",)


def notes_on(
    engine: Engine,
    x: Array,
    results: Array,
    *,
    what: str,
    images: Sequence[int],
    cancellation: Cancellation | None = None,
) -> tuple[str, ...]:
    """Return the notes on results (M, …), of which the m-th is about image `images[m]` of `x`.

    The layers are run again only where a result is not finite.
    """
    failed = [image for image, values in zip(images, results, strict=True) if not_finite(values)]
    if not failed:
        return notes_on_run(engine)
    origin = find_origin(engine, x[failed[0]][None], cancellation=cancellation)
    return (*notes_on_run(engine), *note_on_values(what, results, origin))
