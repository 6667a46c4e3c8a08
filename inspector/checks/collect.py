"""What a model takes and answers: its outputs, layers, and the images themselves where wanted, of all images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import LimitExceededError
from inspector.types.arrays import Array
from inspector.types.images import Prepared


def collected(
    run: Run,
    parts: Iterable[tuple[range, Prepared]],
    tensors: Sequence[str],
    *,
    most_bytes: int | None = None,
) -> dict[str, list[Array]]:
    """Return tensors of the images in `parts`, each as arrays (images, …) of some images after the other.

    The image input may be among them. Codes are dequantized. The arrays of a tensor do not stack where it has another
    shape for another image. LimitExceededError as soon as they hold more than `most_bytes` together.
    """
    found: dict[str, list[Array]] = {name: [] for name in tensors}
    image = run.engine.model.input.name
    computed = [name for name in found if name != image]
    held = 0
    for _, part in parts:
        if image in found:
            found[image].append(part.values)
            held += part.values.nbytes
        for _, batch in run.together(part.values, computed) if computed else ():
            for name, values in batch.items():
                found[name].append(values)
                held += values.nbytes
            if most_bytes is not None and held > most_bytes:
                raise LimitExceededError(
                    f"Images and answers hold more than {most_bytes:,} bytes; give fewer images, or fewer layers.",
                    field="layers",
                )
    return found


def as_numbers(values: Array) -> Array:
    """Return values in a type that NumPy has: what is bfloat16, or smaller, as the float32 that it is too."""
    return values if values.dtype.kind in "biuf" else values.astype(np.float32)
