"""Forward passes: tensors of many images and many layers, a bounded part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.engine.engine import Engine
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

Scanned = tuple[range, dict[str, Array]]
"""Which images, and tensors of them: by name (images, …) on the host, codes dequantized."""


def together(
    engine: Engine, x: Array, tensors: Sequence[str], *, cancellation: Cancellation | None = None
) -> Iterator[Scanned]:
    """Yield all tensors of one batch after another, of (N, …) images."""
    wanted, parts = len(dict.fromkeys(tensors)), dict[str, Array]()
    for images, found in scan(engine, x, tensors, cancellation=cancellation):
        parts |= found
        if len(parts) == wanted:
            yield images, parts
            parts = {}


def scan(
    engine: Engine, x: Array, tensors: Sequence[str], *, cancellation: Cancellation | None = None
) -> Iterator[Scanned]:
    """Yield tensors of (N, …) images, batch by batch; within a batch in their order, as many at a time as fit.

    A later group of tensors runs its batch again, and needs only what leads to it.
    """
    names = tuple(dict.fromkeys(tensors))
    for images, chunk in engine.batches(x, names):
        for group in engine.groups(names, chunk):
            found = engine.fetch(chunk, group, cancellation=cancellation)
            yield (
                images,
                {name: engine.values(name, found[name], chunk, images=len(images)) for name in group},
            )
