"""A layer whose strongest map is watched: of each image the total activation of its channels."""

from __future__ import annotations

import numpy as np

from inspector.engine.engine import Engine
from inspector.graph.totals import totals_of
from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.layers import Layer


class Totals:
    """The sums of a layer's maps: of those whose axes are known the graph makes them, so that no map comes out."""

    def __init__(self, engine: Engine, layer: Layer, image: tuple[int, ...]) -> None:
        """Prepare for images of a shape (without the batch axis)."""
        self._layer = layer
        self._codes = engine.model.codes.get(layer.output)
        plan = engine.plan(image)
        shape = plan.shapes.get(layer.output, ())
        self._sizes = tuple(size for size in shape if isinstance(size, int))
        self._is_summed = plan.of(layer.output).leads and len(shape) > 1 and self._is_linear(len(shape))
        self.tensor = layer.output
        """What to run for."""
        if self._is_summed:
            name = totals_of(layer.output, axis=self._axis(len(shape)), rank=len(shape))
            self._is_summed = name not in plan.placements  # by which the model calls a tensor of its own
            self.tensor = name if self._is_summed else layer.output

    def of(self, found: dict[str, Array]) -> Array:
        """Return the total of every channel, float32 (N, channels)."""
        values = found[self.tensor]
        if not self._is_summed:
            maps = np.moveaxis(values, self._axis(values.ndim), 1)
            totals: Array = maps.reshape(*maps.shape[:2], -1).sum(axis=2, dtype=np.float32)
            return totals
        if self._codes is None:
            return values
        # The sum of (q − z)·s over n places is (Σ q − n·z)·s.
        count = np.prod(self._sizes) / (self._sizes[0] * values.shape[1])
        zero = 0.0 if self._codes.zero is None else self._codes.zero.astype(np.float64).reshape(-1)
        real: Array = (values - count * zero) * self._codes.scale.astype(np.float64).reshape(-1)
        return real.astype(np.float32)

    def _axis(self, rank: int) -> int:
        return channel_axis(self._layer, rank - 1) + 1

    def _is_linear(self, rank: int) -> bool:
        """Return whether the sums of codes say those of real values: all of a channel have one step."""
        codes = self._codes
        if codes is None:
            return True
        is_along = codes.scale.ndim == 1 and codes.axis % rank == self._axis(rank)
        return len(self._sizes) == rank and (codes.scale.size == 1 or is_along)
