"""Many pictures in one: tiles in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from PIL import Image

from inspector.errors import InvalidInputError
from inspector.render.arrange import PAPER


@dataclass(frozen=True, kw_only=True, eq=False)
class Tiles:
    """A picture of tiles, and how many of how many it shows."""

    image: Image.Image
    shown: int
    total: int
    what: str
    """What a tile is, in the plural, e.g. "channels"."""

    @property
    def caption(self) -> str:
        """One phrase: "128 channels", or "the first 1000 of 2048 channels"."""
        if self.shown == self.total:
            return f"{self.total} {self.what}"
        return f"the first {self.shown} of {self.total} {self.what}"


def tile(
    images: Sequence[Image.Image],
    *,
    columns: int | None = None,
    gap: int = 4,
    cell: tuple[int, int] | None = None,
) -> Image.Image:
    """Lay pictures out row by row on white, each in the middle of its cell.

    `columns` is chosen for a near-square picture where it is not given. A picture is fitted into `cell`
    (width, height) with its proportions kept; without it cells are as large as the largest picture.
    """
    if not images:
        raise InvalidInputError("There are no pictures to tile; give at least one.", field="images")
    fitted = [fit(image, cell) for image in images] if cell else list(images)
    width, height = cell or (max(p.width for p in fitted), max(p.height for p in fitted))
    across = columns or near_square(len(fitted), width=width, height=height)
    if across < 1:
        raise InvalidInputError(f"columns is {columns}; it must be at least 1.", field="columns")
    across = min(across, len(fitted))
    down = ceil(len(fitted) / across)
    whole = Image.new("RGB", (across * (width + gap) - gap, down * (height + gap) - gap), PAPER)
    for index, picture in enumerate(fitted):
        left = index % across * (width + gap) + (width - picture.width) // 2
        top = index // across * (height + gap) + (height - picture.height) // 2
        whole.paste(picture, (left, top))
    return whole


def near_square(count: int, *, width: float, height: float) -> int:
    """Return the number of columns for which `count` cells make a picture about as wide as high."""
    return max(1, ceil(sqrt(count * height / width)))


def fit(image: Image.Image, cell: tuple[int, int]) -> Image.Image:
    """Return the picture as large as fits into the cell, never distorted.

    Enlarged, its pixels stay visible as squares where the factor allows it: what a network computed is not
    smoothed. Reduced, they are averaged.
    """
    factor = min(cell[0] / image.width, cell[1] / image.height)
    if factor >= 2.0:
        factor = float(int(factor))
        resampling = Image.Resampling.NEAREST
    else:
        resampling = Image.Resampling.BICUBIC if factor > 1.0 else Image.Resampling.BOX
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, resampling)
