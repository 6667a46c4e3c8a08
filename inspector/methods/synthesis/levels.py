"""Gray levels: how far a step in the picture, 0..255, is in the model's input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.engine.run import Run
from inspector.methods.color import over_image
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.dtypes import saturated
from inspector.types.images import Prepared
from inspector.types.layouts import batched, channel_axis, space_of
from inspector.types.preprocessing import VALUES

_SLACK = 0.5
"""Levels by which values may lie beyond 0..255 and still be those of a picture, rounded somewhere."""


@dataclass(frozen=True, eq=False)
class Levels:
    """value = (level · scale − mean) / std, level by level, and back; all in float64, over one image."""

    scale: float
    mean: Array
    std: Array
    dtype: str
    """Of the model's input."""

    @property
    def unit(self) -> Array:
        """One level in the input's units."""
        found: Array = np.abs(self.scale / self.std)
        return found

    @property
    def ends(self) -> tuple[Array, Array]:
        """The least and the largest value that a picture has."""
        ends = [self.values(np.asarray(level)) for level in (0.0, 255.0)]
        return np.minimum(*ends), np.maximum(*ends)

    def of(self, values: Array) -> Array:
        """Return levels, float64, of values of the input."""
        found: Array = (values.astype(np.float64) * self.std + self.mean) / self.scale
        return found

    def values(self, levels: Array) -> Array:
        """Return values of the input, float64, of levels."""
        found: Array = (levels * self.scale - self.mean) / self.std
        return found

    def in_eight_bits(self, values: Array) -> Array:
        """Return the values that are left when a picture is written to a file: its levels rounded, from 0 to 255."""
        levels = np.clip(np.rint(self.of(values)), 0, 255)
        return saturated(self.values(levels), self.dtype)


def levels_of(run: Run, x: Prepared, *, asked: bool) -> Levels | None:
    """Return how levels are values of images; None where no picture is known to lie behind them.

    Arrays that were given as the model's input are pictures where their values can be some, and the preprocessing is
    not merely assumed, unless the caller asked for levels.
    """
    model = run.engine.model
    spec = model.preprocessing
    if space_of(model.input.layout) != "HW" or spec.color == "NONE" or not _fits(model, x.values):
        return None
    is_assumed = any(text.split(" ")[0] in VALUES for text in spec.assumed)
    if is_assumed and not x.from_pictures and not asked:
        return None
    mean, std = (
        over_image(model, np.broadcast_to(np.asarray(one, np.float64), _channels(model, x.values)))
        for one in (spec.mean, spec.std)
    )
    found = Levels(spec.scale, mean, std, model.input.dtype)
    levels = found.of(x.values)
    return found if levels.min() >= -_SLACK and levels.max() <= 255 + _SLACK else None


def _channels(model: OnnxModel, x: Array) -> int:
    axis = channel_axis(batched(model.input.layout))
    return 1 if axis is None else int(x.shape[axis])


def _fits(model: OnnxModel, x: Array) -> bool:
    spec, channels = model.preprocessing, _channels(model, x)
    return all(len(values) in (1, channels) for values in (spec.mean, spec.std))
