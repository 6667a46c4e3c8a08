"""Work on many things by several threads, whose results come in the order of the things."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST_THREADS = 4
"""Pictures are decoded and resized without the interpreter's lock, between which it is needed again."""


def in_order(
    work: Callable[[T], R], things: Iterable[T], *, at_once: int = MOST_THREADS, ahead: int = 2 * MOST_THREADS
) -> Iterator[R]:
    """Yield what `work` makes of each of the things, in their order; at most `ahead` are made before they are taken.

    Where one fails its error is raised when its turn comes, after what is before it, and nothing more is begun; so it
    is where the caller stops. With `at_once` of 1 no thread is made.
    """
    if at_once <= 1:
        yield from map(work, things)
        return
    waiting: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(min(at_once, os.cpu_count() or 1), "images")
    try:
        for one in things:
            waiting.append(pool.submit(work, one))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
