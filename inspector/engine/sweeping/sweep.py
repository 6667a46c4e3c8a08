"""A sweep: what a model answers for each of many variants of one image, each of which differs from it in a box.

What a change cannot reach is not computed again, where that is faster; and where it is, is found by doing both
(docs/decisions/0067-incremental-inference.md).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from queue import SimpleQueue

import numpy as np

from inspector.engine.run import Run
from inspector.engine.scan import Scanned
from inspector.engine.sweeping.incremental import Incremental, Memory
from inspector.engine.sweeping.plain import PlainLoop
from inspector.engine.sweeping.prepare import prepare
from inspector.engine.sweeping.variants import Variants
from inspector.errors import EngineError
from inspector.runtime.threads import threads
from inspector.types.arrays import Array

_TOLERANCE = 1e-5
"""Of the largest value: farther apart, what is computed in parts is not what the whole is."""
_GAIN = 0.97
"""Crops are taken where they need at most so much of the time of whole images."""


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
        self._made = prepare(run, variants, tensors, at_most=at_most)

    @cached_property
    def clean(self) -> dict[str, Array]:
        """The tensors of the image as it is, (1, …), on the host, codes dequantized."""
        if self._made is not None:
            return self._made[0].clean_values()
        return self._run.forward(self._variants.image, self._tensors)

    def answers(self) -> Iterator[Scanned]:
        """Yield (which variants, {tensor: (k, …)}) in order, on the host, codes dequantized."""
        everything = range(len(self._variants))
        if self._made is None:
            yield from self._plain(everything)
            return
        incremental, key = self._made
        verdict, start = self._run.engine.sweeps.verdicts.peek(key), 0
        if verdict is None:
            for numbers, found in self._tried(incremental, key):
                yield numbers, found
                start = numbers.stop
            verdict = self._run.engine.sweeps.verdicts.peek(key)
        rest = everything[start:]
        yield from self._plain(rest) if verdict is False else _beside(incremental, self._variants, rest)

    def _tried(self, incremental: Incremental, key: Hashable) -> Iterator[Scanned]:
        """Yield the first answers, and find out whether crops give the same, and sooner."""
        variants, verdicts = self._variants, self._run.engine.sweeps.verdicts
        size = min(incremental.count, -(-len(variants) // 3))
        first, second = range(size), range(size, 2 * size)
        parts = list(self._plain(first))
        yield from parts
        if not _agrees(incremental, variants, first, parts):
            verdicts.keep(key, value=False)
            return
        # Both have run once now, and hold the memory that they need: what comes next is what they take.
        begun = time.process_time()
        parts = list(self._plain(second))
        seconds = (time.process_time() - begun) / size
        yield from parts
        trial = range(2 * size, min(2 * size + incremental.workers * size, len(variants)))
        begun = time.process_time()
        parts = list(_beside(incremental, variants, trial))
        # Time of processors is time on the clock by how many work: whole images have all threads, crops the workers.
        share = incremental.workers / threads()
        is_faster = time.process_time() - begun <= _GAIN * seconds * len(trial) * share
        verdicts.keep(key, is_faster)
        yield from parts


def _agrees(incremental: Incremental, variants: Variants, numbers: range, parts: Sequence[Scanned]) -> bool:
    """Return whether crops give what whole images gave; where they cannot be run, they do not."""
    try:
        found = incremental(numbers, variants.some(numbers), Memory())
    except EngineError:
        return False
    for images, values in parts:
        for name, value in values.items():
            mine = found[name][images.start - numbers.start : images.stop - numbers.start]
            if not _are_close(mine, value, tolerance=0.0 if incremental.is_exact else _TOLERANCE):
                return False
    return True


def _are_close(one: Array, other: Array, *, tolerance: float) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if other.dtype.kind != "f":
        return np.array_equal(one, other)
    known = np.isfinite(other)
    scale = float(np.abs(other, where=known, out=np.zeros(other.shape, other.dtype)).max(initial=0))
    return bool(np.allclose(one, other, rtol=0, atol=tolerance * scale, equal_nan=True))


def _beside(incremental: Incremental, variants: Variants, numbers: range) -> Iterator[Scanned]:
    """Yield the answers of chunks, several of which run beside each other, in order."""
    size, workers = incremental.count, incremental.workers
    chunks = deque(range(at, min(at + size, numbers.stop)) for at in range(numbers.start, numbers.stop, size))
    if workers == 1 or len(chunks) < 2:
        memory = Memory()
        for chunk in chunks:
            yield chunk, incremental(chunk, variants.some(chunk), memory)
        return
    memories: SimpleQueue[Memory] = SimpleQueue()
    for _ in range(workers):
        memories.put(Memory())

    def answered(chunk: range, patches: Sequence[Array]) -> dict[str, Array]:
        memory = memories.get()
        try:
            return incremental(chunk, patches, memory)
        finally:
            memories.put(memory)

    with ThreadPoolExecutor(workers, thread_name_prefix="sweep") as pool:
        under_way: deque[tuple[range, Future[dict[str, Array]]]] = deque()
        try:
            while chunks or under_way:
                while chunks and len(under_way) <= workers:
                    chunk = chunks.popleft()
                    under_way.append((chunk, pool.submit(answered, chunk, variants.some(chunk))))
                chunk, future = under_way.popleft()
                yield chunk, future.result()
        finally:
            for _, future in under_way:
                future.cancel()
