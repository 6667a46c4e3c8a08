"""Images and examples: pictures that a verb made, and parts of images that excite something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.arrays import Array
from inspector.types.results.base import Cell, Result, kind


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One picture, and what it shows."""

    pixels: Array
    """uint8 (H, W, 3)."""
    caption: str = ""
    value: float | None = None
    """What it was made or chosen for, e.g. the activation that it reaches."""
    role: str = ""
    """What it is among the pictures of its result, for machines: "original", "change", …; "" where all are alike."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """What was measured of it, by name, e.g. the norm of a change; in the order of
    the names, as a message keeps none."""
    values: Array | None = None
    """What the model takes, (*image), where the picture stands for an input: it is exact, the pixels are rounded."""

    def __post_init__(self) -> None:
        _require_pixels(self.pixels)
        object.__setattr__(self, "measures", dict(sorted(self.measures.items())))


@kind("images")
@dataclass(frozen=True, kw_only=True, eq=False)
class Images(Result):
    """Pictures that a verb made, e.g. by synthesis."""

    images: tuple[Picture, ...]

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per picture, with what was measured of any of them."""
        names = sorted({name for one in self.images for name in one.measures})
        rows: list[tuple[Cell, ...]] = [
            (
                index,
                one.caption,
                one.value,
                "×".join(map(str, one.pixels.shape)),
                *(one.measures.get(name) for name in names),
            )
            for index, one in enumerate(self.images)
        ]
        return ("picture", "caption", "value", "shape", *names), rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """A part of one image that excites a unit."""

    image: str
    """The image's name, or its index."""
    value: float
    """The unit's activation there."""
    window: tuple[int, ...]
    """Top, left, bottom, right in input pixels; bottom and right excluded. Beyond the image's edge it was padded.

    Of a signal the first place and the one after the last; of a volume front and back come before the others."""
    pixels: Array
    """uint8 (H, W, 3): the part."""
    projection: Array | None = None
    """uint8 (H, W, 3): what the unit projects to there, of the same part."""
    caption: str = ""
    """What it is among those of its row, such as a checkpoint; "" where they are in the order of their strength."""

    def __post_init__(self) -> None:
        _require_pixels(self.pixels)
        if self.projection is not None:
            _require_pixels(self.projection, field="projection")


@dataclass(frozen=True, kw_only=True, eq=False)
class ExampleRow:
    """The strongest examples of one unit, strongest first."""

    title: str
    examples: tuple[Example, ...]
    layer: str = ""
    """Where the unit is; "" where it is in no layer."""
    channel: int | None = None
    """Of the layer; None where the row is about no single one."""


@kind("examples")
@dataclass(frozen=True, kw_only=True, eq=False)
class Examples(Result):
    """Per unit the parts of images that excite it most (Zeiler & Fergus 2014, Fig 2)."""

    rows: tuple[ExampleRow, ...]

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per example."""
        rows: list[tuple[Cell, ...]] = [
            (
                row.title,
                int(one.image) if one.image.isdecimal() else one.image,
                one.value,
                ",".join(map(str, one.window)),
            )
            for row in self.rows
            for one in row.examples
        ]
        return ("unit", "image", "value", "window"), rows


def _require_pixels(pixels: object, *, field: str = "pixels") -> None:
    """Raise InvalidInputError for what is no picture in RGB."""
    match pixels:
        case np.ndarray(ndim=3) if pixels.dtype == np.uint8 and pixels.shape[2] == 3 and pixels.size:
            return
        case np.ndarray():
            given = f"{pixels.dtype} {pixels.shape}"
        case _:
            given = f"a {type(pixels).__name__}"
    raise InvalidInputError(f"{field} is {given}; a picture is uint8 (H, W, 3) in RGB.", field=field)
