"""Color maps as short tables of sRGB colors, interpolated linearly.

Each is monotone in lightness (the diverging one on either side of its middle), so that it reads the same in
gray print and with any color vision; the two ends of the diverging one are blue and orange, which no common
color vision deficiency confuses.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from inspector.render.normalize import FloatArray, to_bytes


class Colormap(StrEnum):
    """Which colors stand for numbers."""

    GRAY = "gray"
    """[0, 1]: black to white."""
    HEAT = "heat"
    """[0, 1]: near-black violet through red and orange to pale yellow."""
    DIVERGING = "diverging"
    """[-1, 1]: blue through near-white to orange."""


_TABLES: dict[Colormap, tuple[str, ...]] = {
    Colormap.GRAY: ("000000", "ffffff"),
    Colormap.HEAT: (
        "0b0724",
        "2d1160",
        "5b1a78",
        "8c2676",
        "bb3764",
        "e05247",
        "f67d2d",
        "fcb040",
        "fce08a",
        "fffbe0",
    ),
    Colormap.DIVERGING: (
        "0a2f6b",
        "2361a8",
        "5b95cf",
        "a3c5e4",
        "f4f3ef",
        "f5c08a",
        "e28a3a",
        "b3570f",
        "6b2f04",
    ),
}

# Okabe and Ito, "Color Universal Design" (2008), without black and yellow: told apart with any color vision,
# and dark enough for marks on white.
CATEGORIES: tuple[tuple[int, int, int], ...] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
)
OTHER_CATEGORY: tuple[int, int, int] = (150, 150, 150)


def _rgb(name: Colormap) -> FloatArray:
    return np.array([list(bytes.fromhex(color)) for color in _TABLES[name]], dtype=np.float64) / 255.0


_COLORS = {name: _rgb(name) for name in Colormap}


def colorize(values: FloatArray, name: Colormap) -> npt.NDArray[np.uint8]:
    """Return sRGB uint8 of shape values.shape + (3,); what is out of range takes its end's color."""
    table = _COLORS[name]
    low = -1.0 if name is Colormap.DIVERGING else 0.0
    stops = np.linspace(low, 1.0, len(table))
    channels = [np.interp(values, stops, table[:, channel]) for channel in range(3)]
    return to_bytes(np.stack(channels, axis=-1))
