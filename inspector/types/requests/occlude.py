"""Occlusion: what if this part of the image were hidden?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.sweep import Sweep
from inspector.types.targets import Target, as_target

MOST_AXES = 3
"""Of space that an input may have."""


def as_sizes(value: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """Read a size in pixels: one number for all axes of space, or one per axis; None for the default."""
    if value is None:
        return None
    try:
        sizes = tuple(int(part) for part in np.atleast_1d(np.asarray(value)).tolist() if part == int(part))
    except (TypeError, ValueError, OverflowError):
        sizes = ()
    if not 1 <= len(sizes) <= MOST_AXES or len(sizes) != np.size(value):
        raise InvalidInputError(
            f"A size is {value!r}; give one whole number of pixels, or one per axis of space (height, width)."
        )
    return sizes


def as_fill(value: Any) -> tuple[float, ...] | None:
    """Read a fill: one number for all channels, or one per channel; None for the default."""
    if value is None:
        return None
    try:
        found = tuple(float(part) for part in np.atleast_1d(np.asarray(value, np.float64)).tolist())
    except (TypeError, ValueError):
        found = ()
    if not found:  # on the wire an empty one says that none was given
        raise InvalidInputError(
            f"fill is {value!r}; give one number, or one per channel, in the model's input units."
        )
    return found


@verb("occlude")
@dataclass(frozen=True, kw_only=True, eq=False)
class OccludeRequest(ImagesRequest[Sweep]):
    """Slide a gray square over one image: what it does to the target, the answer, and the strongest map.

    Zeiler & Fergus 2014, §4.2 and Fig 7.
    """

    target: Target | None = option(
        None, help="What is watched; default: the most probable class.", take=as_target
    )
    layer: str | None = option(
        None, help="Whose strongest map is watched; default: the last with maps.", short="l"
    )
    size: tuple[int, ...] | None = option(
        None, help="Of the square, in input pixels; default: a fifth of the image.", take=as_sizes
    )
    stride: tuple[int, ...] | None = option(
        None, help="From square to square, in input pixels; default: a third of the size.", take=as_sizes
    )
    fill: tuple[float, ...] | None = option(
        None, help="The square's value, in the model's input units; default: gray.", take=as_fill
    )
    batch: int | None = option(None, help="How many occluded images run at once; default: as memory allows.")
