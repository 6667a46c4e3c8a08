"""The photographs that the demo looks at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from inspector.errors import InvalidInputError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
MOST = 16


@dataclass(frozen=True)
class Photograph:
    """A picture and its name."""

    name: str
    picture: Image.Image


def read_photographs(folder: Path) -> list[Photograph]:
    """Read the first photographs of a folder, by name; InvalidInputError where there is none."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not paths:
        raise InvalidInputError(
            f"There are no images ({', '.join(sorted(SUFFIXES))}) in the folder {folder}."
        )
    return [Photograph(path.stem, _read(path)) for path in paths[:MOST]]


def windows(photograph: Photograph, *, count: int = 6) -> list[Photograph]:
    """Cut square windows out of a photograph, along its longer side and at two sizes."""
    width, height = photograph.picture.size
    short = min(width, height)
    cut = []
    for index in range(count):
        side = int(short * (0.8 if index % 2 == 0 else 0.6))
        along = index / max(count - 1, 1)
        left, top = int((width - side) * along), int((height - side) * along)
        window = photograph.picture.crop((left, top, left + side, top + side))
        cut.append(Photograph(f"{photograph.name}-{index}", window))
    return cut


def _read(path: Path) -> Image.Image:
    with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as image:
        return ImageOps.exif_transpose(image).convert("RGB")
