"""Contenders that take turns, by the processor time of the process: other work on the machine matters little."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def least(ways: Mapping[K, Callable[[], object]], *, turns: int, seconds: float = 0) -> dict[K, float]:
    """Return the least seconds of each, of at least so many turns, and of as many as there are in some time."""
    found = dict.fromkeys(ways, float("inf"))
    end, done = time.monotonic() + seconds, 0
    while done < turns or time.monotonic() < end:
        for name, act in ways.items():
            began = time.process_time()
            act()
            found[name] = min(found[name], time.process_time() - began)
        done += 1
    return found
