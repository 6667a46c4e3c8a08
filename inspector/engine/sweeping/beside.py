"""Chunks of a sweep that run beside each other, one on each thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from queue import SimpleQueue

from inspector.engine.scan import Scanned
from inspector.engine.sweeping.incremental import Incremental, Memory
from inspector.engine.sweeping.variants import Variants
from inspector.types.arrays import Array


class Beside:
    """Runs variants by chunks of about the same length, on as many threads as work beside each other."""

    def __init__(self, incremental: Incremental, variants: Variants) -> None:
        self.incremental = incremental
        self._variants = variants
        self._memories: SimpleQueue[Memory] = SimpleQueue()
        for _ in range(incremental.workers):
            self._memories.put(Memory())

    def __call__(self, numbers: range) -> Iterator[Scanned]:
        """Yield (which variants, {tensor: (k, …)}) in order."""
        workers = self.incremental.workers
        chunks = deque(evenly(numbers, most=self.incremental.count, workers=workers))
        if workers == 1 or len(chunks) < 2:
            for chunk in chunks:
                yield chunk, self._answered(chunk, self._variants.some(chunk))
            return
        with ThreadPoolExecutor(workers, thread_name_prefix="sweep") as pool:
            under_way: deque[tuple[range, Future[dict[str, Array]]]] = deque()
            try:
                while chunks or under_way:
                    while chunks and len(under_way) <= workers:
                        chunk = chunks.popleft()
                        patches = self._variants.some(chunk)
                        under_way.append((chunk, pool.submit(self._answered, chunk, patches)))
                    chunk, future = under_way.popleft()
                    yield chunk, future.result()
            finally:
                for _, future in under_way:
                    future.cancel()

    def _answered(self, chunk: range, patches: Sequence[Array]) -> dict[str, Array]:
        memory = self._memories.get()
        try:
            return self.incremental(chunk, patches, memory)
        finally:
            self._memories.put(memory)


def evenly(numbers: range, *, most: int, workers: int) -> list[range]:
    """Cut numbers into chunks of at most so many, which differ by one at most: as many for each worker, if there are.

    A last chunk that is shorter, or alone, would leave the other threads without work.
    """
    count = -(-len(numbers) // most)
    count = min(-(-count // workers) * workers, len(numbers))
    ends = [numbers.start + len(numbers) * part // count for part in range(count + 1)] if count else []
    return [range(start, stop) for start, stop in pairwise(ends)]
