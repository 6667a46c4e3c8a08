"""The plain loop: every variant runs whole, in batches of the size that the first ones show to be the fastest.

On a device with memory of its own they are made there, where they can be, and batches are as large as may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.engine.run import Run
from inspector.engine.scan import Scanned
from inspector.engine.sweeping.batches import Batches
from inspector.engine.sweeping.laid import laid_loop
from inspector.engine.sweeping.variants import Copies, Variants
from inspector.types.arrays import Array


class PlainLoop:
    """Runs variants of one image whole, one batch after another, in one buffer."""

    def __init__(self, run: Run, variants: Variants, tensors: Sequence[str], *, at_most: int | None) -> None:
        """Run at most `at_most` at a time."""
        self._variants = variants
        self._laid = laid_loop(run, variants, tensors, at_most=at_most)
        self._batches = Batches(run, variants.image.shape[1:], tensors, count=len(variants), at_most=at_most)
        self._copies: Copies | None = None

    def __call__(self, numbers: range) -> Iterator[Scanned]:
        """Yield (which variants, {tensor: (k, …)}) of some variants, in order."""
        if self._laid is not None:
            numbers = yield from self._laid(numbers)
        for ran in self._batches(numbers, self._images):
            yield ran.numbers, ran.found

    def _images(self, numbers: range) -> Array:
        if self._copies is None or len(self._copies.values) < len(numbers):
            self._copies = Copies(self._variants.image, self._variants.axes, count=len(numbers))
        boxes = self._variants.boxes[numbers.start : numbers.stop]
        return self._copies.lay(boxes, self._variants.some(numbers))
