"""What can be fuzzed: how a case is made, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tools.fuzz.draw import Draw

Stage = Callable[[str], None]
"""Is told what comes next, so that it is known of what a process died."""


class Target(Protocol):
    """One kind of untrusted bytes."""

    @property
    def name(self) -> str:
        """As it is chosen."""

    @property
    def foreign(self) -> frozenset[str]:
        """Stages in which code that is not ours may crash or take its time: a process of its own is for those."""

    def make(self, draw: Draw) -> bytes:
        """Return the bytes of a case."""

    def attempt(self, case: bytes, draw: Draw, stage: Stage) -> None:
        """Do what the service does with such bytes; what it raises is judged by whoever calls."""
