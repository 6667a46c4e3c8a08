"""The magnitudes that phases are optimized under: of photographs, or what holds of most of them."""

from __future__ import annotations

import numpy as np

from inspector.graph.synthesis.colors import uncorrelated
from inspector.graph.synthesis.spectra import frequencies, half
from inspector.types.arrays import Array

SPREAD = (1.6, 1.1, 1.0)
"""The standard deviation over a picture of each decorrelated color, the median of 20 photographs at 224 pixels."""
DECAY = 1.2
"""Amplitudes fall as f^-1.2, about the mean slope of the same photographs.

In the world they fall as 1/f (Field 1987); lenses and resizing take more of what is fine.
"""


def natural_magnitude(
    channels: int, extent: tuple[int, int], *, decay: float = DECAY, decorrelated: bool
) -> Array:
    """Return (C, H, W//2 + 1) magnitudes that fall as f^-decay, without a mean."""
    frequency = frequencies(extent)
    fall = 1 / np.maximum(frequency, 1 / max(extent)) ** decay
    fall[0, 0] = 0
    is_colored = decorrelated and channels == len(SPREAD)
    spread = SPREAD if is_colored else (1.0,) * channels
    return np.stack([one * _to_spread(fall, extent) for one in spread])


def magnitude_of(pictures: Array, *, decorrelated: bool) -> Array:
    """Return the mean magnitude of pictures (N, C, H, W) in 0..1, about gray.

    A sigmoid's slope at gray is 1/4: so that it gives them back, where they are not far from gray, they are taken 4
    times. Its inverse would make needles of what is black or white.
    """
    values = uncorrelated(4 * (pictures.astype(np.float64) - 0.5), decorrelated=decorrelated)
    found: Array = np.abs(np.fft.rfft2(values)).mean(axis=0)
    return found


def _to_spread(magnitude: Array, extent: tuple[int, int]) -> Array:
    """Return magnitudes times a factor: random phases then make a picture of standard deviation 1."""
    height, width = extent
    twice = np.full(half(width), 2.0)
    twice[0] = 1
    if width % 2 == 0:
        twice[-1] = 1
    # Parseval: Σ|x|² = Σ|X|²/(HW), over the whole spectrum.
    variance = (magnitude**2 * twice).sum() / (height * width) ** 2
    scaled: Array = magnitude / np.sqrt(variance)
    return scaled
