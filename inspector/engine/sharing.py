"""Values of a forward run, which calls that come at the same time share where no image minds company."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import EngineError
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

Values = dict[str, Array]
"""Tensors by name, (images, …) each, on the host; codes dequantized."""


def values_of(
    engine: Engine,
    chunk: Array,
    tensors: Sequence[str],
    *,
    images: int,
    cancellation: Cancellation | None = None,
) -> Values:
    """Return tensors of the first `images` of one batch, which other calls may fill up.

    Raises CancelledError, and EngineError where a run of these images alone fails.
    """
    joint, names = engine.joint_runs, tuple(dict.fromkeys(tensors))
    if joint is None:
        return _alone(engine, chunk, names, images=images, cancellation=cancellation)
    most = _room(engine, chunk, names, limit=joint.joining.images)
    if 2 * images > most:  # what fills the larger part of a run has no use for company, and would only wait
        return _alone(engine, chunk, names, images=images, cancellation=cancellation)

    def together(parts: Sequence[Array], token: Cancellation) -> Sequence[Values]:
        if len(parts) == 1:
            return [_alone(engine, chunk, names, images=images, cancellation=token)]
        return _together(engine, parts, names, cancellation=token)

    kind = (names, chunk.shape[1:], chunk.dtype.str)
    return joint.run(kind, chunk[:images], most=most, together=together, cancellation=cancellation)


def _room(engine: Engine, chunk: Array, tensors: Sequence[str], *, limit: int) -> int:
    """Return how many images of several calls one run holds; 0 where they may not meet."""
    image, fixed = chunk.shape[1:], engine.model.input.batch
    if fixed == 1 or engine.model.input.batch_axis is None or engine.company(image, tensors) is not None:
        return 0
    return fixed or min(engine.largest_batch(image), limit)


def _alone(
    engine: Engine, chunk: Array, tensors: Sequence[str], *, images: int, cancellation: Cancellation | None
) -> Values:
    found = engine.fetch(chunk, tensors, cancellation=cancellation)
    return {name: engine.values(name, found[name], chunk, images=images) for name in tensors}


def _together(
    engine: Engine, parts: Sequence[Array], tensors: Sequence[str], *, cancellation: Cancellation
) -> Sequence[Values]:
    """Run the images of several calls at once; EngineError where what comes out cannot be divided among them."""
    chunk = np.concatenate(parts)
    ends = np.cumsum([len(part) for part in parts])
    filled = engine.filled(chunk)
    found = engine.run_forward(filled, tensors, cancellation=cancellation)
    values = {name: engine.values(name, found[name], filled, images=len(chunk)) for name in tensors}
    for name, value in values.items():
        if len(value) != len(chunk):
            raise EngineError(f"Tensor {name!r} has the shape {value.shape} for {len(chunk)} images.")
    # Copies: a view would keep the values of all as long as one caller keeps his own.
    apart = [np.split(value, ends[:-1]) for value in values.values()]
    return [
        {name: own.copy() for name, own in zip(values, owns, strict=True)}
        for owns in zip(*apart, strict=True)
    ]
