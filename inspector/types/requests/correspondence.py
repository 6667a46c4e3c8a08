"""Correspondence: does a network know that the same part of different images is the same?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.errors import InvalidInputError, in_brief
from inspector.types.arrays import Array
from inspector.types.given import as_array
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.requests.occlude import as_fill
from inspector.types.results.figure import Figure


def as_part_boxes(value: Array | Sequence[Sequence[Sequence[float]]]) -> Array:
    """Read boxes, float64 (parts, images, 4); of one part (images, 4)."""
    found = as_array(value)
    if found is None or found.dtype.kind not in "fiu" or found.ndim not in (2, 3) or found.shape[-1] != 4:
        given = in_brief(value, long="a {}") if found is None else f"{found.dtype} {found.shape}"
        raise InvalidInputError(
            f"boxes is {given}; give numbers (parts, images, 4): top, left, bottom, right in input pixels, bottom and "
            "right excluded."
        )
    return found.astype(np.float64).reshape(-1, *found.shape[-2:])


def as_regions(value: Array | Sequence[Sequence[float]] | None) -> Array | None:
    """Read one box per image, float64 (images, 4); None for the whole of each."""
    if value is None:
        return None
    found = as_array(value)
    if found is None or found.dtype.kind not in "fiu" or found.ndim != 2 or found.shape[1] != 4:
        given = in_brief(value, long="a {}") if found is None else f"{found.dtype} {found.shape}"
        raise InvalidInputError(
            f"regions is {given}; give numbers (images, 4): top, left, bottom, right in input pixels."
        )
    return found.astype(np.float64)


@verb("correspondence")
@dataclass(frozen=True, kw_only=True, eq=False)
class CorrespondenceRequest(ImagesRequest[Figure]):
    """Mask the same part in several images, and compare how the features change; beside random boxes of that size.

    Zeiler & Fergus 2014, §4.3, Fig 8 and Table 1.
    """

    boxes: np.ndarray = option(
        help="(parts, images, 4): top, left, bottom, right in input pixels, bottom and right excluded.",
        take=as_part_boxes,
    )
    parts: tuple[str, ...] = option((), help="The names of the parts, such as nose.")
    layers: tuple[str, ...] = option(
        (),
        help="Whose features are compared; default: the last with maps, and the last before the classes.",
        short="l",
    )
    fill: tuple[float, ...] | None = option(
        None, help="The mask's value, in the model's input units; default: gray.", take=as_fill
    )
    random: int = option(10, help="How often random boxes of each part's size are drawn, as a baseline.")
    regions: np.ndarray | None = option(
        None,
        help="(images, 4): where random boxes may lie, such as the object; default: anywhere.",
        take=as_regions,
    )
    seed: int = option(0, help="Of the random boxes.")
