"""Batches of images that are made of one image, of the size that the first ones show to be the fastest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from inspector.engine.run import Run
from inspector.engine.sweeping.trials import Trials
from inspector.types.arrays import Array

_MADE = 4
"""Images that are made at a time for a model of a fixed batch, or as many as that has: they stay in caches."""


class Ran(NamedTuple):
    """Some images, and what the model gave for them."""

    numbers: range
    images: Array
    """(k, …), as they were run."""
    found: dict[str, Array]
    """By tensor (k, …), on the host, codes dequantized."""


class Batches:
    """Makes images, and runs them whole, one batch after another."""

    def __init__(
        self,
        run: Run,
        image: tuple[int, ...],
        tensors: Sequence[str],
        *,
        count: int,
        at_most: int | None = None,
    ) -> None:
        """Prepare for `count` images of a shape (without the batch axis), `at_most` at a time where that is given.

        The fastest size is looked for where it is not: whose answers must be the same to the last bit each time, as
        those of a seed, gives one, since kernels may add up in another order in batches of another size.
        """
        engine = run.engine
        self._run, self._tensors = run, tuple(tensors)
        self._sizes = engine.sweeps.sizes
        largest, fixed = engine.largest_batch(image, tensors), engine.model.input.batch
        if fixed is not None:  # then it says how many run at a time, and more are made in vain
            largest = fixed * max(_MADE // fixed, 1)
        self._most = min(at_most or largest, largest, max(count, 1))
        self._key = (image, self._tensors, self._most)
        is_fixed = at_most is not None or fixed is not None or engine.device.plans_by_shape
        self._trials = Trials(self._most, known=self._most if is_fixed else self._sizes.peek(self._key))

    def __call__(self, numbers: range, make: Callable[[range], Array]) -> Iterator[Ran]:
        """Yield some images' answers, in order; `make` gives the images (k, …) of a range, once each and in order."""
        start = numbers.start
        while start < numbers.stop:
            size = self._trials.size
            chunk = range(start, min(start + size, numbers.stop))
            begun = time.process_time()
            images = make(chunk)
            parts = list(self._run.together(images, self._tensors))
            if len(chunk) == size and self._trials.tell(size, time.process_time() - begun):
                self._sizes.keep(self._key, self._trials.size)
            for part, found in parts:
                yield Ran(range(start + part.start, start + part.stop), images[part.start : part.stop], found)
            start = chunk.stop
