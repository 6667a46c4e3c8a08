"""Boxes over images: whether they fit, and random ones of the same size."""

from __future__ import annotations

import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.arrays import Array
from inspector.types.requests.correspondence import CorrespondenceRequest


def require_boxes(
    request: CorrespondenceRequest, index: int, *, size: tuple[int, ...], total: int, is_plane: bool
) -> None:
    """Raise InvalidInputError where an image has no boxes, or they cover none of it."""
    if not is_plane:
        raise InvalidInputError(
            "Boxes lie over rows and columns; this model's input has others.", field="boxes"
        )
    for name, boxes in (
        ("boxes", request.boxes),
        ("regions", None if request.regions is None else request.regions[None]),
    ):
        if boxes is None:
            continue
        if boxes.shape[1] < total:
            raise InvalidInputError(
                f"{name} are of {boxes.shape[1]} images, and {total} were given; give boxes for each.",
                field=name,
            )
        top, left, bottom, right = np.rint(boxes[:, index]).T
        inside = (np.minimum(bottom, size[0]) > np.maximum(top, 0)) & (
            np.minimum(right, size[1]) > np.maximum(left, 0)
        )
        if not (np.isfinite(boxes[:, index]).all() and inside.all()):
            part = int(np.argmin(inside))
            shown = ", ".join(f"{value:g}" for value in boxes[part, index])
            raise InvalidInputError(
                f"The box ({shown}) covers nothing of image {index}, of {size[0]} × {size[1]} pixels; give top, left, "
                "bottom, right in pixels of the model's input.",
                field=f"{name}[{part}][{index}]" if name == "boxes" else f"{name}[{index}]",
            )


def boxes_within(
    rng: np.random.Generator, request: CorrespondenceRequest, index: int, size: tuple[int, ...]
) -> Array:
    """Return random boxes (parts, draws, 4) of the sizes that one image's boxes have, within its region."""
    top, left, bottom, right = np.rint(request.boxes[:, index]).T
    sizes = np.stack([bottom - top, right - left], axis=1)
    region = np.array([0, 0, *size]) if request.regions is None else np.rint(request.regions[index])
    low = np.clip(region[:2], 0, None)
    room = np.maximum(
        np.minimum(region[2:], size) - low - sizes, 0
    )  # a box larger than its region begins where it does
    starts = low + np.floor(rng.random((request.random, len(sizes), 2)) * (room + 1))
    found: Array = np.concatenate([starts, starts + sizes], axis=2)
    return np.moveaxis(found, 0, 1)
