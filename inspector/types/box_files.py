"""Files of boxes: where the object is on images, by their names or numbers."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.array_files import read_array_file
from inspector.types.arrays import Array

SIDES = ("top", "left", "bottom", "right")
COLUMNS = ("image", *SIDES)
_MOST_BYTES = 64 << 20
_REASON = "INVALID_BOXES"


def read_boxes(path: Path, images: Sequence[Path]) -> Array:
    """Return the boxes in a file, float64 (B, 4), or (B, 5) with the images' numbers before them.

    A .json file holds rows, or a mapping from images' names to their boxes; a .csv file has rows of four or five, or of
    the columns image, top, left, bottom, right, under their names; a .npy file has the array. An image is named by its
    path or its file's name; boxes of images that are not among `images` are left out. InvalidInputError about `boxes`
    for what is none of these, and where none of the named images is there.
    """
    try:
        if path.suffix.lower() == ".npy":
            return read_array_file(path)
        if path.stat().st_size > _MOST_BYTES:
            raise _odd(path, f"it has more than {_MOST_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8-sig")
        rows = list(_of_json(json.loads(text)) if path.suffix.lower() == ".json" else _of_csv(text))
    except InvalidInputError as error:
        error.field, error.reason = "boxes", _REASON
        raise
    except OSError as error:
        raise _odd(path, error.strerror or str(error)) from error
    except (ValueError, TypeError, RecursionError, csv.Error) as error:
        raise _odd(path, str(error)) from error
    return _array(path, rows, images)


def _of_json(found: Any) -> Iterator[tuple[Any, ...]]:
    if isinstance(found, list):
        for row in found:
            yield tuple(row)
        return
    if not isinstance(found, Mapping):
        raise ValueError("it holds neither rows nor a mapping from images to boxes")  # noqa: TRY004 — told as above
    for image, boxes in found.items():
        several = boxes if boxes and isinstance(boxes[0], list) else [boxes]
        for box in several:
            yield (image, *box)


def _of_csv(text: str) -> Iterator[tuple[Any, ...]]:
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if any(row)]
    if not rows:
        return
    head = [cell.lower() for cell in rows[0]]
    if not set(SIDES) <= set(head):
        yield from map(tuple, rows)
        return
    names = [name for name in COLUMNS if name in head]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(head):
            raise ValueError(f"row {number} has {len(row)} cells for {len(head)} columns")
        yield tuple(row[head.index(name)] for name in names)


def _array(path: Path, rows: Sequence[tuple[Any, ...]], images: Sequence[Path]) -> Array:
    if not rows or len({len(row) for row in rows}) != 1 or len(rows[0]) not in (4, 5):
        raise _odd(
            path,
            "it has no rows of top, left, bottom, right, with the image before them where there are several",
        )
    places = {str(image): place for place, image in enumerate(images)}
    places = {image.name: place for place, image in enumerate(images)} | places
    found = []
    for row in rows:
        image, *box = row if len(row) == 5 else (None, *row)
        place = places.get(image) if isinstance(image, str) else image
        if isinstance(image, str) and place is None:
            if not image.isdigit():
                continue  # of an image that is not looked at
            place = int(image)
        try:
            found.append([float(side) for side in ([] if place is None else [place]) + box])
        except (TypeError, ValueError) as error:
            raise _odd(path, f"{box} is no box of four numbers") from error
    if not found:
        raise _odd(path, f"it names none of the {len(images)} images that are given")
    return np.array(found, np.float64)


def _odd(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"The boxes {path} cannot be read: {why}. Give rows of {', '.join(COLUMNS)} as .csv or .json.",
        reason=_REASON,
        field="boxes",
    )
