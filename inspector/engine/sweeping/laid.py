"""Variants that are made where the model runs: of them nothing but their boxes goes there."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.engine.run_sizes import filled_size, last_repeated, next_size
from inspector.engine.scan import Scanned
from inspector.engine.sweeping.variants import Variants
from inspector.errors import EngineError
from inspector.graph.laid import BOXES, COLOR, IMAGE, LAID
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array


class LaidLoop:
    """Runs variants of one color whole, one batch after another; the image itself goes to the device once."""

    def __init__(
        self, run: Run, variants: Variants, color: Array, tensors: Sequence[str], *, most: int
    ) -> None:
        """Run at most so many at a time."""
        engine, image = run.engine, variants.image.shape[1:]
        self._run, self._variants, self._tensors, self._most = run, variants, tuple(tensors), most
        self._session = engine.sessions.laid(image, dtype=variants.image.dtype, axes=variants.axes)
        over = color.reshape((1,) * (1 + len(image) - color.ndim) + color.shape)
        self._placed = {
            name: DeviceTensor.place(array, engine.device)
            for name, array in ((IMAGE, variants.image), (COLOR, over))
        }

    def __call__(self, numbers: range) -> Generator[Scanned, None, range]:
        """Yield (which variants, {tensor: (k, …)}) of some variants, in order; return those left after one failed."""
        engine, image = self._run.engine, self._variants.image
        sizes = engine.run_sizes(image.shape[1:])
        cancellation = self._run.control.cancellation
        while numbers:
            chunk = numbers[: next_size(min(self._most, len(numbers)), sizes)]
            size = filled_size(len(chunk), sizes)
            boxes = last_repeated(self._variants.boxes[chunk.start : chunk.stop], size)
            try:
                laid = self._session.run({**self._placed, BOXES: boxes}, [LAID], cancellation=cancellation)
                found = engine.run_forward(laid[LAID], self._tensors, cancellation=cancellation)
            except EngineError:
                return numbers
            like = np.broadcast_to(image, (size, *image.shape[1:]))  # whose size is all that is looked at
            yield (
                chunk,
                {name: engine.values(name, found[name], like, images=len(chunk)) for name in self._tensors},
            )
            numbers = numbers[len(chunk) :]
        return numbers


def laid_loop(
    run: Run, variants: Variants, tensors: Sequence[str], *, at_most: int | None
) -> LaidLoop | None:
    """Return what makes variants on the device, where they would have to be brought there and several share a run."""
    engine, image, count = run.engine, variants.image.shape[1:], len(variants)
    known = engine.model.input
    if (
        not engine.device.has_own_memory
        or callable(variants.patch)
        or known.batch is not None
        or known.batch_axis is None
        or count == 0
    ):
        return None
    most = min(at_most or count, engine.largest_batch(image, tensors), count)
    like = np.broadcast_to(variants.image, (most, *image))
    if most == 1 or len(list(engine.groups(tuple(dict.fromkeys(tensors)), like))) > 1:
        return None
    return LaidLoop(run, variants, np.asarray(variants.patch), tensors, most=most)
