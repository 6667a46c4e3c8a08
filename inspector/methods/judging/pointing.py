"""Boxes: does a map lie where the object is?

Zhang et al. 2016, §4.1 (arXiv 1608.00507), the pointing game; Wang et al. 2020, §4.4 (1910.01279), the energy inside;
Zhou et al. 2016, §3.2 (1512.04150), the threshold.
"""

from __future__ import annotations

import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.arrays import Array


def boxes_of(boxes: Array, *, image: int, images: int) -> Array:
    """Return the boxes of one image, (B, 4); InvalidInputError where it has none, or a box is none."""
    own = boxes
    if boxes.shape[1] == 5:
        numbers = boxes[:, 0]
        if ((numbers != np.rint(numbers)) | (numbers < 0) | (numbers >= images)).any():
            raise InvalidInputError(
                f"The first number of a box is its image, from 0 to {images - 1}; given are "
                f"{', '.join(f'{one:g}' for one in np.unique(numbers)[:8])}.",
                field="boxes",
            )
        own = boxes[numbers == image][:, 1:]
        if not len(own):
            raise InvalidInputError(f"Image {image} has no box.", field="boxes")
    if (own[:, 2:] <= own[:, :2]).any():
        raise InvalidInputError(
            "A box is top, left, bottom, right with bottom and right behind top and left, in input pixels.",
            field="boxes",
        )
    return own


def inside(boxes: Array, size: tuple[int, ...], *, wider: int = 0) -> Array:
    """Return which pixels of an image (height, width) lie in any of the boxes, `wider` on each side: bool (*size)."""
    if len(size) != 2:
        raise InvalidInputError("Boxes are of images with rows and columns.", field="boxes")
    rows, columns = (np.arange(side) + 0.5 for side in size)
    found = np.zeros(size, np.bool_)
    for top, left, bottom, right in boxes:
        in_rows = (rows > top - wider) & (rows < bottom + wider)
        found |= in_rows[:, None] & ((columns > left - wider) & (columns < right + wider))[None]
    if not found.any():
        raise InvalidInputError(
            f"The boxes lie outside the image of {'×'.join(map(str, size))} pixels.", field="boxes"
        )
    return found


def hit(plane: Array, near: Array) -> float:
    """Return 1 where the strongest pixel is near the object, else 0; of several, the share."""
    strongest = plane == plane.max()
    return float(near[strongest].mean())


def energy(plane: Array, object_: Array) -> float:
    """Return the share of what is positive in the map that lies in the object; NaN where nothing is."""
    positive = np.maximum(plane, 0)
    total = float(positive.sum())
    return float(positive[object_].sum()) / total if total else float("nan")


def overlap(plane: Array, object_: Array, *, threshold: float) -> float:
    """Return the intersection over union of the object and of what is at least `threshold` of the map's maximum."""
    most = float(plane.max())
    marked = plane >= threshold * most if most > 0 else np.zeros_like(object_)
    union = int((marked | object_).sum())
    return int((marked & object_).sum()) / union if union else float("nan")
