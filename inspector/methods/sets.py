"""Sets of images: how many there are, and how many may be prepared together."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.types.images import ImageLike, Prepared


def count_of(images: ImageLike) -> int:
    """Return how many images are given; of lists in lists and arrays of several, at least so many."""
    if isinstance(images, Prepared):  # what it holds is judged where it is read
        return len(images) if isinstance(images.values, np.ndarray) and images.values.ndim else 1
    return len(images) if isinstance(images, list | tuple) else 1


def most_together(run: Run) -> int:
    """Return how many images of a set are prepared at a time: one where each may keep a size of its own."""
    model = run.engine.model
    is_fixed = all(isinstance(size, int) for size in model.input.space)
    return 64 if is_fixed or (model.preprocessing.height and model.preprocessing.width) else 1
