"""Activations: what layers computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from inspector.types.arrays import Array
from inspector.types.results.base import Cell, Result, kind
from inspector.types.results.joining import notes_of, pictures_of, stacked


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation:
    """What one layer computed."""

    layer: str
    values: Array
    """(N, *layer shape) in the layer's own dtype; codes are dequantized."""
    channel_axis: int | None = None
    """The axis of `values` that holds channels, or units of a dense layer; None where unknown."""
    spatial_axes: tuple[int, ...] = ()
    """For each of the image's axes of space, the axis of `values` along it; −1 where none is, or it is unknown."""


@kind("activations")
@dataclass(frozen=True, kw_only=True, eq=False)
class Activations(Result, Mapping[str, Array]):
    """What layers computed, as a mapping: layer's name -> (N, *layer shape)."""

    activations: tuple[Activation, ...]
    scale: str = "map"
    """Over which range a map in the picture goes from dark to bright: "map", its own, or "layer", that of its layer."""
    order: str = "number"
    """In which order the maps stand in the picture: by "number", or by "strength", their largest value."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return each layer's values of all images."""
        layers = zip(*(part.activations for part in parts), strict=True)
        activations = tuple(
            replace(
                ones[0], values=stacked([one.values for one in ones], what=f"Values of {ones[0].layer!r}")
            )
            for ones in layers
        )
        return replace(parts[0], activations=activations, notes=notes_of(parts), rendered=pictures_of(parts))

    # A mapping compares itself item by item, and arrays cannot say yes or no: results are compared by identity.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __getitem__(self, layer: str) -> Array:
        for one in self.activations:
            if one.layer == layer:
                return one.values
        raise KeyError(layer)

    def __iter__(self) -> Iterator[str]:
        return (one.layer for one in self.activations)

    def __len__(self) -> int:
        return len(self.activations)

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return each layer's shape and range."""
        rows: list[tuple[Cell, ...]] = [
            (one.layer, "×".join(map(str, one.values.shape)), *_range(one.values)) for one in self.activations
        ]
        return ("layer", "shape", "least", "mean", "largest"), rows


def _range(values: Array) -> tuple[Cell, Cell, Cell]:
    if not values.size:
        return None, None, None
    return float(values.min()), float(values.mean()), float(values.max())
