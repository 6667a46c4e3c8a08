"""All tails, by name."""

from __future__ import annotations

from tests.support.box_tails import boxes
from tests.support.tails import Tail
from tests.support.vector_tails import maps, vectors


def all_tails() -> dict[str, Tail]:
    """Return every tail by name."""
    return vectors() | maps() | boxes("n")
