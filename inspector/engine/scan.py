"""Forward passes: tensors of many images and many layers, a bounded part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.engine.engine import Engine
from inspector.engine.sharing import values_of
from inspector.errors import EngineError
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

Scanned = tuple[range, dict[str, Array]]
"""Which images, and tensors of them: by name (images, …) on the host, codes dequantized."""


def together(
    engine: Engine, x: Array, tensors: Sequence[str], *, cancellation: Cancellation | None = None
) -> Iterator[Scanned]:
    """Yield all tensors of one batch after another, of (N, …) images; one by one, where a batch of several fails."""
    wanted, done = len(dict.fromkeys(tensors)), 0
    while done < len(x):
        parts: dict[str, Array] = {}
        first = done
        try:
            for images, found in scan(engine, x[first:], tensors, cancellation=cancellation):
                parts |= found
                if len(parts) == wanted:
                    yield range(first + images.start, first + images.stop), parts
                    parts, done = {}, first + images.stop
        except EngineError:
            if not engine.doubt_batches(x[done:], tensors):
                raise


def scan(
    engine: Engine, x: Array, tensors: Sequence[str], *, cancellation: Cancellation | None = None
) -> Iterator[Scanned]:
    """Yield tensors of (N, …) images, batch by batch; within a batch in their order, as many at a time as fit.

    A later group of tensors runs its batch again, and needs only what leads to it. Batches that are not full may be
    run together with those of other calls.
    """
    names = tuple(dict.fromkeys(tensors))
    for images, chunk in engine.batches(x, names):
        for group in engine.groups(names, chunk):
            yield images, values_of(engine, chunk, group, images=len(images), cancellation=cancellation)
