"""The photographs that the demo looks at."""

from __future__ import annotations

from pathlib import Path

from inspector.errors import InvalidInputError
from inspector.report.subjects import Subject, subject_of
from inspector.report.write import MOST

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


def read_photographs(folder: Path) -> list[Subject]:
    """Return the first photographs of a folder, by name; InvalidInputError where there is none."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not paths:
        raise InvalidInputError(
            f"There are no images ({', '.join(sorted(SUFFIXES))}) in the folder {folder}."
        )
    return [subject_of(path) for path in paths[:MOST]]
