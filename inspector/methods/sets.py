"""Sets of images: how many there are, as far as that is known before they are read."""

from __future__ import annotations

from inspector.types.images import ImageLike, Prepared


def count_of(images: ImageLike) -> int:
    """Return how many images are given; of lists in lists and arrays of several, at least so many."""
    return len(images) if isinstance(images, list | tuple | Prepared) else 1
