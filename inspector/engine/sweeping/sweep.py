"""A sweep: what a model answers for each of many variants of one image, each of which differs from it in a box.

What a change cannot reach is not computed again, where that is faster; and where it is, is found by doing both
(docs/decisions/0067-incremental-inference.md).
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from functools import cached_property

import numpy as np

from inspector.engine.run import Run
from inspector.engine.scan import Scanned
from inspector.engine.sweeping.beside import Beside
from inspector.engine.sweeping.plain import PlainLoop
from inspector.engine.sweeping.prepare import Prepared, Preparing
from inspector.engine.sweeping.variants import Variants
from inspector.errors import EngineError
from inspector.runtime.threads import threads
from inspector.types.arrays import Array

_TOLERANCE = 1e-5
"""Of the largest value: farther apart, what is computed in parts is not what the whole is."""
_GAIN = 0.97
"""Another way than the plain loop is taken where it needs at most so much of its time."""
_TRIES = 3
"""How often a way is timed before it is given up: what several threads hold beside each other is there by then."""


class Sweeping:
    """One sweep over variants of an image."""

    def __init__(
        self, run: Run, variants: Variants, tensors: Sequence[str], *, at_most: int | None = None
    ) -> None:
        """Prepare to run `at_most` variants at a time, whole and alone where that is one.

        Raises CancelledError, and EngineError where ONNX Runtime fails.
        """
        self._run, self._variants, self._tensors = run, variants, tuple(tensors)
        self._plain = PlainLoop(run, variants, tensors, at_most=at_most)
        self._preparing = Preparing(run, variants, tensors, at_most=at_most)
        self._other = self._preparing.on_crops() or self._preparing.on_whole_if_known()

    @cached_property
    def clean(self) -> dict[str, Array]:
        """The tensors of the image as it is, (1, …), on the host, codes dequantized."""
        if self._other is not None:
            return self._other.incremental.clean_values()
        return self._run.forward(self._variants.image, self._tensors)

    def answers(self) -> Iterator[Scanned]:
        """Yield (which variants, {tensor: (k, …)}) in order, on the host, codes dequantized."""
        everything, other, start = range(len(self._variants)), self._other, 0
        if other is not None and self._run.engine.sweeps.verdicts.peek(other.key):
            yield from Beside(other.incremental, self._variants)(everything)
            return
        if other is not None or self._preparing.may_gain:
            start = yield from self._tried()
        yield from self._plain(everything[start:])

    def _tried(self) -> Generator[Scanned, None, int]:
        """Yield answers; all of them, where another way than the plain loop gives the same, and sooner.

        Return how many there were.
        """
        count = len(self._variants)
        size = min(self._preparing.chunk, -(-count // 3))
        first, second = range(size), range(size, 2 * size)
        known = list(self._plain(first))
        yield from known
        # It has run once now, and holds the memory that it needs: what comes next is what it takes.
        begun = time.process_time()
        parts = list(self._plain(second))
        seconds = (time.process_time() - begun) / size
        yield from parts
        left = range(second.stop, count)
        if self._other is not None:
            left = yield from self._by(self._other, left, known, seconds)
        whole = self._preparing.on_whole(seconds=seconds, left=len(left)) if left else None
        if whole is not None:
            left = yield from self._by(whole, left, known, seconds)
        return left.start

    def _by(
        self, prepared: Prepared, numbers: range, known: Sequence[Scanned], seconds: float
    ) -> Generator[Scanned, None, range]:
        """Yield the answers of some variants by another way, if it gives what is known, in less `seconds` each.

        Return which are left.
        """
        beside, workers = Beside(prepared.incremental, self._variants), prepared.incremental.workers
        is_taken = _agrees(beside, known)
        for _ in range(_TRIES if is_taken else 0):
            at_a_time = workers * self._preparing.chunk
            trial, numbers = numbers[:at_a_time], numbers[at_a_time:]
            begun = time.process_time()
            parts = list(beside(trial))
            # Time of processors is time on the clock by how many work: the plain loop has all threads.
            share = workers / threads()
            is_taken = time.process_time() - begun <= _GAIN * seconds * len(trial) * share
            yield from parts
            if is_taken or not numbers:
                break
        self._run.engine.sweeps.verdicts.keep(prepared.key, is_taken)
        if is_taken:
            yield from beside(numbers)
            return range(numbers.stop, numbers.stop)
        return numbers


def _agrees(beside: Beside, parts: Sequence[Scanned]) -> bool:
    """Return whether another way gives what the plain loop gave; where it cannot be run, it does not."""
    tolerance = 0.0 if beside.incremental.is_exact else _TOLERANCE
    try:
        found = [values for _, values in beside(range(parts[0][0].start, parts[-1][0].stop))]
    except EngineError:
        return False
    return all(
        _are_close(
            np.concatenate([values[name] for values in found]),
            np.concatenate([values[name] for _, values in parts]),
            tolerance=tolerance,
        )
        for name in found[0]
    )


def _are_close(one: Array, other: Array, *, tolerance: float) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if other.dtype.kind != "f":
        return np.array_equal(one, other)
    known = np.isfinite(other)
    scale = float(np.abs(other, where=known, out=np.zeros(other.shape, other.dtype)).max(initial=0))
    return bool(np.allclose(one, other, rtol=0, atol=tolerance * scale, equal_nan=True))
