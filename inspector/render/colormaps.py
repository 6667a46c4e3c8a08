"""Color maps as short tables of sRGB colors, interpolated linearly.

Each is even: equal steps of the value are equal steps in CIELAB, and lightness is linear in it (in the diverging one on
either side of its middle), so that it reads the same in gray print and with any color vision; the two ends of the
diverging one are blue and orange, which no common color vision deficiency confuses.
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


_TABLES: dict[Colormap, str] = {
    Colormap.GRAY: (
        "000000 141414 212121 2e2e2e 3b3b3b 4a4a4a 585858 676767 777777 "
        "878787 979797 a8a8a8 b9b9b9 cacaca dbdbdb ededed ffffff"
    ),
    Colormap.HEAT: (
        "0b0624 0a1238 10174d 23195f 3e176b 591171 70126d 841768 971d63 "
        "a8265d b73056 c53c50 d34748 e05340 ea6137 f1712d f3842b f2972f "
        "f0a937 eeb94d edc967 f0d684 f5e2a2 faeec1 fefadf"
    ),
    Colormap.DIVERGING: (
        "004899 0055a1 0063aa 2872b2 4280b9 588fc0 709dc7 86abce 9cb9d4 "
        "b2c8db c8d6e1 dee5e8 f5f4ef ebe3d6 e1d2bd d8c2a5 ceb18d c5a177 "
        "bc9062 b3804d aa6f3a a05e29 974c19 8d3a09 832700"
    ),
}
"""Even in CIELAB: lightness is linear in the value, and the path through a and b is walked at one speed."""

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
    return np.array([list(bytes.fromhex(color)) for color in _TABLES[name].split()], dtype=np.float64) / 255.0


_COLORS = {name: _rgb(name) for name in Colormap}


def colorize(values: FloatArray, name: Colormap) -> npt.NDArray[np.uint8]:
    """Return sRGB uint8 of shape values.shape + (3,); what is out of range takes its end's color."""
    table = _COLORS[name]
    low = -1.0 if name is Colormap.DIVERGING else 0.0
    stops = np.linspace(low, 1.0, len(table))
    channels = [np.interp(values, stops, table[:, channel]) for channel in range(3)]
    return to_bytes(np.stack(channels, axis=-1))
