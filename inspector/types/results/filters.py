"""Filters: what a layer multiplies its input by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.types.arrays import Array
from inspector.types.results.base import Cell, Result, kind


@kind("filters")
@dataclass(frozen=True, kw_only=True, eq=False)
class Filters(Result):
    """The weights of one layer as real numbers, filter by filter."""

    layer: str
    weights: Array
    """float32 (filters, channels that each reads, *kernel); of a dense layer (units, inputs)."""
    numbers: tuple[int, ...]
    """The filters' numbers in the layer, in the order in which they stand in `weights`."""
    groups: int = 1
    """How many groups the layer's channels are in: each filter reads those of its own."""
    color: str = "NONE"
    """Of the channels, where they are an image's: "RGB", "BGR" or "GRAY"; else "NONE"."""
    scale: str = "filter"
    """Over which range a filter in the picture goes from dark to bright: "filter", its own, or "layer"."""

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per filter: its number, its root mean square and its range."""
        flat = self.weights.reshape(len(self.weights), -1).astype(np.float64)
        rows: list[tuple[Cell, ...]] = [
            (number, float(np.sqrt((one**2).mean())), float(one.min()), float(one.max()))
            for number, one in zip(self.numbers, flat, strict=True)
        ]
        return ("filter", "rms", "least", "largest"), rows

    def summary(self) -> list[str]:
        """Return the layer and the shape of its weights."""
        groups = "" if self.groups == 1 else f", in {self.groups} groups"
        return [f"{self.layer}: {'×'.join(map(str, self.weights.shape))}{groups}"]
