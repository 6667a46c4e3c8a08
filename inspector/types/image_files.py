"""Files of images: pictures and arrays, and folders of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inspector.errors import InvalidInputError
from inspector.types.array_files import ARRAY_SUFFIXES, is_array_file

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
"""Of pictures."""


def find_images(paths: Sequence[Path]) -> list[Path]:
    """Return the image files among paths, folders searched one level deep, in order."""
    found: list[Path] = []
    for path in paths:
        found += _images_in(path) if path.is_dir() else [path]
    if not found:
        raise InvalidInputError(
            f"There are no images ({', '.join((*sorted(SUFFIXES), *ARRAY_SUFFIXES))}) in {', '.join(map(str, paths))}.",
            field="images",
        )
    return found


def _images_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder, or else its arrays: beside pictures they are what was made of them."""
    try:
        files = sorted(folder.iterdir())
        pictures = [path for path in files if path.suffix.lower() in SUFFIXES]
        return pictures or [path for path in files if is_array_file(path)]
    except OSError as error:
        raise InvalidInputError(
            f"The folder {folder} cannot be read: {error.strerror}.", field="images"
        ) from error
