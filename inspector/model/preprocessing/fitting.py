"""How large a picture becomes, by its size alone."""

from __future__ import annotations

from inspector.errors import InvalidInputError
from inspector.model.preprocessing.resizing import require_bounded
from inspector.types.preprocessing import Preprocessing


def fitted(height: int, width: int, spec: Preprocessing) -> tuple[int, int]:
    """Return the height and width to which an image of that size is brought.

    InvalidInputError where it is too small to be cropped, LimitExceededError where it would become too large.
    """
    if spec.resize == "none":
        return _cropped(height, width, spec)
    if spec.height is not None and spec.width is not None:
        made = spec.height, spec.width
    elif spec.resize == "short_side" and spec.resize_size:
        ratio = spec.resize_size / min(height, width)
        made = round(height * ratio), round(width * ratio)
    else:
        return height, width
    require_bounded((width, height), (made[1], made[0]))
    return made


def cover_ratio(height: int, width: int, spec: Preprocessing) -> float:
    """Return the factor that brings the short side to `resize_size`, or more where the crop would not fit."""
    crop_height, crop_width = spec.height or 1, spec.width or 1
    short = spec.resize_size or min(crop_height, crop_width)
    return max(short / min(height, width), crop_height / height, crop_width / width)


def _cropped(height: int, width: int, spec: Preprocessing) -> tuple[int, int]:
    made = spec.height or height, spec.width or width
    if height < made[0] or width < made[1]:
        raise InvalidInputError(
            f"The image is {height} × {width}; this model takes {made[0]} × {made[1]} and its preprocessing "
            'does not resize. Give a larger image, or preprocessing={"resize": {"mode": "short_side"}}.',
            field="image",
        )
    return made
