"""A signal as a curve, and the strip of colors below it that says which of its places matter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from inspector.render.arrange import PAPER, stack
from inspector.render.text import INK

_CURVE = 96
_STRIP = 48
_LEAST_WIDTH = 480
_MARGIN = 4


def with_curve(strip: Image.Image, signal: npt.ArrayLike) -> Image.Image:
    """Draw a signal (L,) as a curve over a strip of colors, L × 1 pixels, which is enlarged."""
    factor = max(1, -(-_LEAST_WIDTH // strip.width))
    wide = strip.resize((strip.width * factor, _STRIP), Image.Resampling.NEAREST)
    return stack([_curve(np.asarray(signal, np.float64), wide.width), wide.convert("RGB")], gap=2)


def _curve(values: npt.NDArray[np.float64], width: int) -> Image.Image:
    picture = Image.new("RGB", (width, _CURVE), PAPER)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    span = high - low or 1.0
    heights = (
        _CURVE - 1 - _MARGIN - (np.nan_to_num(values, nan=low) - low) / span * (_CURVE - 1 - 2 * _MARGIN)
    )
    places = (np.arange(len(values)) + 0.5) * width / len(values)
    points = [
        (float(place), float(height))
        for place, height in zip(places, np.clip(heights, 0, _CURVE - 1), strict=True)
    ]
    ImageDraw.Draw(picture).line(points, fill=INK, width=1)
    return picture
