"""Vectors: one per image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from inspector.types.arrays import Array
from inspector.types.results.base import Cell, Result, kind
from inspector.types.results.joining import notes_of, pictures_of, stacked


@kind("vectors")
@dataclass(frozen=True, kw_only=True, eq=False)
class Vectors(Result):
    """One vector per image; NumPy takes it for its array."""

    vectors: Array
    """float32 (N, D)."""
    layer: str
    """The layer whose output they are."""
    pooling: str
    """How its maps became one vector: "mean", "max" or "none"."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return all vectors, one after the other."""
        vectors = stacked([one.vectors for one in parts], what="The vectors")
        return replace(parts[0], vectors=vectors, notes=notes_of(parts), rendered=pictures_of(parts))

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, D)."""
        found: tuple[int, ...] = self.vectors.shape
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: FBT001 — NumPy's protocol
        return np.array(self.vectors, dtype=dtype, copy=copy or dtype is not None)

    def __getitem__(self, image: Any) -> Array:
        found: Array = self.vectors[image]
        return found

    def __iter__(self) -> Iterator[Array]:
        return iter(self.vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return each vector's length and norm."""
        rows: list[tuple[Cell, ...]] = [
            (image, vector.size, float(np.linalg.norm(vector))) for image, vector in enumerate(self.vectors)
        ]
        return ("image", "dimensions", "norm"), rows
