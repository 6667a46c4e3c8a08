"""Other models of the same process, for requests that compare several: opened when they are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from inspector.engine.engine import Engine
from inspector.engine.run import Others


@contextmanager
def opened(open_one: Callable[[str], Engine]) -> Iterator[Others]:
    """Give models by their names, each opened once, and close them at the end."""
    found: dict[str, Engine] = {}

    def others(name: str) -> Engine:
        if name not in found:
            found[name] = open_one(name)
        return found[name]

    try:
        yield others
    finally:
        for one in found.values():
            one.close()
