"""What earlier sweeps of a model found out."""

from __future__ import annotations

from collections.abc import Hashable

from inspector.engine.kept import Kept

_MOST = 64
"""Kinds of sweeps, of which something is kept."""


class KnownSweeps:
    """By what was run: how large batches should be, and whether crops give the same, and sooner. Thread-safe."""

    def __init__(self) -> None:
        self.sizes: Kept[Hashable, int] = Kept(most=_MOST)
        self.verdicts: Kept[Hashable, bool] = Kept(most=_MOST)
        self._images: Kept[Hashable, list[int]] = Kept(most=_MOST)

    def counted(self, key: Hashable, images: int) -> int:
        """Return how many images there were of a kind of sweep that the plain loop runs, with these."""
        counts = self._images.get(key, list)
        counts.append(images)
        return sum(counts)
