"""What all joinings of results share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.arrays import Array
from inspector.types.notes import Note
from inspector.types.results.base import Result


def notes_of(parts: Sequence[Result]) -> tuple[Note, ...]:
    """Return the notes of all parts, each once, in the order in which they come."""
    return tuple({(note.id, str(note)): note for part in parts for note in part.notes}.values())


def pictures_of(parts: Sequence[Result]) -> tuple[bytes, ...]:
    """Return the renderings of all parts."""
    return tuple(picture for part in parts for picture in part.rendered)


def stacked(arrays: Sequence[Array], *, what: str) -> Array:
    """Return arrays (N, ...) one after the other; InvalidInputError where images gave other shapes than others."""
    shapes = list(dict.fromkeys(array.shape[1:] for array in arrays))
    if len(shapes) > 1:
        shown = ", ".join(map(str, shapes[:4]))
        raise InvalidInputError(
            f"{what} have another shape for other images ({shown}), so they do not stack; give one image at a time, or "
            "images of one size.",
            reason="SHAPES_DIFFER",
            field="images",
        )
    return np.concatenate(arrays)
