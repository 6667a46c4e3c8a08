"""What the colors of a map stand for: the range that they were stretched over, as its drawing does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from inspector.render.colormaps import Colormap
from inspector.render.legend import color_bar, color_key
from inspector.render.maps import channels_last
from inspector.render.normalize import FloatArray, magnitude_bound
from inspector.render.text import ends, number
from inspector.types.arrays import Array
from inspector.types.contrast import hardly_moves

PERCENTILE = 99.5
"""Of the magnitudes of a map: what is above has the color of the end, so that one pixel does not darken the others."""
_STILL = (128, 128, 128)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A range of values, and the colors that it is shown in."""

    low: float
    high: float
    colormap: Colormap
    what: str
    """What the values are."""
    is_still: bool = False
    """Whether the map hardly moves: it is not stretched over the colors, lest noise look like something."""

    def bar(self, *, width: int, size: int) -> Image.Image:
        """Draw it with the numbers of its ends."""
        if self.is_still:
            words = (
                "zero everywhere" if self.low == self.high == 0 else f"alike everywhere: {number(self.high)}"
            )
            return color_key([(_STILL, words)], title=self.what, width=width, size=size)
        low, high = ends(self.low, self.high)
        return color_bar(low=low, high=high, title=self.what, width=width, size=size, colormap=self.colormap)


def scale_of(values: Array, *, picture: str, layout: str) -> Scale:
    """Return the scale of a map that is drawn as this picture; what is not finite counts as 0, as it is drawn."""
    array = channels_last(np.where(np.isfinite(values), values, 0), layout=layout)
    channels = array.shape[2]
    if picture == "heat":
        plane = array.mean(axis=2)
        return Scale(
            low=float(plane.min()),
            high=float(plane.max()),
            colormap=Colormap.HEAT,
            what="value" if channels == 1 else "mean over channels",
            is_still=hardly_moves(plane),
        )
    if picture == "saliency":
        high = magnitude_bound(np.abs(array).max(axis=2), percentile=PERCENTILE)
        return Scale(
            low=0.0,
            high=high,
            colormap=Colormap.HEAT,
            what="|value|" if channels == 1 else "|value|, largest of the channels",
            is_still=high <= 0,
        )
    if picture == "projection" and channels in (1, 3):
        return _symmetric(array, colormap=Colormap.GRAY, what="value, in each color")
    return _symmetric(
        array.sum(axis=2),
        colormap=Colormap.DIVERGING,
        what="value" if channels == 1 else "sum over channels",
    )


def _symmetric(values: FloatArray, *, colormap: Colormap, what: str) -> Scale:
    bound = magnitude_bound(values, percentile=PERCENTILE)
    return Scale(low=-bound, high=bound, colormap=colormap, what=what, is_still=bound <= 0)
