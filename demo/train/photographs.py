"""The photographs of the demo: where each comes from, and which part of it training never sees."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image

HELD_OUT_FRACTION = 0.3
"""Part of a photograph's width and of its height that the held-out corner takes."""

Box = tuple[float, float, float, float]
"""Left, upper, right, lower, in pixels, as Pillow counts them."""


class Corner(StrEnum):
    """The corner of a photograph that is kept for validation."""

    LOWER_LEFT = "lower left"
    LOWER_RIGHT = "lower right"


@dataclass(frozen=True)
class Photograph:
    """One class of the demo's task; `source` is a package and the name of the picture's file in it."""

    name: str
    source: tuple[str, str]
    held_out: Corner

    def load(self, folder: Path) -> Image.Image:
        """Read `<folder>/<name>.jpg` as RGB."""
        with Image.open(folder / f"{self.name}.jpg") as image:
            return image.convert("RGB")

    def validation_box(self, size: tuple[int, int]) -> Box:
        """Return the held-out corner of a photograph of `size` (width, height)."""
        width, height = size
        upper = height * (1 - HELD_OUT_FRACTION)
        if self.held_out is Corner.LOWER_LEFT:
            return (0, upper, width * HELD_OUT_FRACTION, height)
        return (width * (1 - HELD_OUT_FRACTION), upper, width, height)

    def training_boxes(self, size: tuple[int, int]) -> tuple[Box, Box]:
        """Return the two boxes, overlapping in one corner, that make up the L around the held-out corner."""
        width, height = size
        left, upper, right, _ = self.validation_box(size)
        beside = (right, 0, width, height) if self.held_out is Corner.LOWER_LEFT else (0, 0, left, height)
        return (0, 0, width, upper), beside


SKIMAGE = "skimage.data"
SKLEARN = "sklearn.datasets.images"

# The corner is one whose content also occurs elsewhere in the picture, as an astronaut's two sleeves do.
PHOTOGRAPHS = (
    Photograph("astronaut", (SKIMAGE, "astronaut.png"), Corner.LOWER_LEFT),
    Photograph("brick", (SKIMAGE, "brick.png"), Corner.LOWER_RIGHT),
    Photograph("cat", (SKIMAGE, "chelsea.png"), Corner.LOWER_RIGHT),
    Photograph("coins", (SKIMAGE, "coins.png"), Corner.LOWER_RIGHT),
    Photograph("flower", (SKLEARN, "flower.jpg"), Corner.LOWER_RIGHT),
    Photograph("galaxies", (SKIMAGE, "hubble_deep_field.jpg"), Corner.LOWER_RIGHT),
    Photograph("grass", (SKIMAGE, "grass.png"), Corner.LOWER_RIGHT),
    Photograph("gravel", (SKIMAGE, "gravel.png"), Corner.LOWER_RIGHT),
    Photograph("pagoda", (SKLEARN, "china.jpg"), Corner.LOWER_RIGHT),
    Photograph("retina", (SKIMAGE, "retina.jpg"), Corner.LOWER_LEFT),
    Photograph("rocket", (SKIMAGE, "rocket.jpg"), Corner.LOWER_RIGHT),
    Photograph("tissue", (SKIMAGE, "ihc.png"), Corner.LOWER_RIGHT),
)
