"""Occlusion by free masks: what is each region of the image worth?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector.errors import InvalidInputError, in_brief
from inspector.types.arrays import Array
from inspector.types.given import as_array
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.figure import Figure
from inspector.types.targets import Target, as_target

RegionFill = Literal["gray", "black", "white", "mean", "blur"] | float | Sequence[float] | np.ndarray
"""A color, the region's own mean, the image out of focus, or (regions, channels): a color for each."""


def as_masks(value: object) -> Array | None:
    """Read masks, float64: True and False over the image are one mask, whole numbers there the labels of regions."""
    if value is None:
        return None
    array = as_array(value)
    if array is None or array.dtype.kind not in "fiub" or not array.size or array.ndim < 1:
        raise InvalidInputError(
            f"masks is {in_brief(value, long='a {}')}; give masks (K, height, width), one mask of true and false, or "
            "labels of regions (height, width)."
        )
    if not np.isfinite(array).all():
        raise InvalidInputError(
            "masks holds NaN or infinity; all values must be finite.", reason="NOT_FINITE"
        )
    found: Array = array.astype(np.float64)
    return found[None] if array.dtype == np.bool_ and array.ndim < _MASKS else found


_MASKS = 3
"""So many axes have several masks of an image; as many has a mask of a volume, given with an axis more."""


def as_boxes(value: object) -> Array | None:
    """Read boxes, float64 (K, 4): left, top, right, bottom, as `predict` gives them; four numbers are one."""
    if value is None:
        return None
    array = as_array(value)
    if array is None or array.dtype.kind not in "fiu" or not array.size or array.size % 4 or array.ndim > 2:
        raise InvalidInputError(
            f"boxes is {in_brief(value, long='a {}')}; give (K, 4) numbers: left, top, right, bottom of each, in "
            "pixels of the model's input."
        )
    found: Array = array.astype(np.float64).reshape(-1, 4)
    if not np.isfinite(found).all():
        raise InvalidInputError(
            "boxes holds NaN or infinity; all values must be finite.", reason="NOT_FINITE"
        )
    return found


@verb("occlude_regions")
@dataclass(frozen=True, kw_only=True, eq=False)
class OccludeRegionsRequest(ImagesRequest[Figure]):
    """Cover one region of one image after another: boxes, superpixels, or masks of any shape.

    The effect of a region is what the target loses without it; of what is negative, the target does better without.
    """

    target: Target | None = option(
        None, help="What is watched; default: the most probable class.", take=as_target
    )
    masks: Array | None = option(
        None,
        help="(K, height, width), 1 where it covers, or labels of regions (height, width), below 0 for none.",
        take=as_masks,
    )
    boxes: Sequence[float] | Array | None = option(
        None, help="(K, 4): left, top, right, bottom of each, in input pixels.", take=as_boxes
    )
    superpixels: int | None = option(
        None, help="About how many regions of like color the image is cut into; default: 50."
    )
    fill: Literal["gray", "black", "white", "mean", "blur"] | float | Sequence[float] | Array = option(
        "gray",
        help="What covers: gray, black, white, mean (of the region), blur, or values in the model's input units, for "
        "all regions or for each.",
    )
    keep: bool = option(default=False, help="Cover everything but the region: what is it worth on its own?")
    batch: int | None = option(
        None, help="How many covered images run at once; default: as many as are fastest; 1: each by itself."
    )
