"""Occlusion: what if this part of the image were hidden?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inspector.errors import InvalidInputError, in_brief
from inspector.types.given import as_integers, as_number, as_numbers
from inspector.types.requests.base import ImagesRequest, R_co, option, verb
from inspector.types.results.sweep import Sweep
from inspector.types.targets import Target, as_target

MOST_AXES = 3
"""Of space that an input may have."""


def as_sizes(value: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """Read a size in pixels: one number for all axes of space, or one per axis; None for the default."""
    if value is None:
        return None
    sizes = as_integers(value)
    if sizes is None or not 1 <= len(sizes) <= MOST_AXES:
        raise InvalidInputError(
            f"A size is {in_brief(value, long='a {}')}; give one whole number of pixels, or one per axis of space "
            "(height, width)."
        )
    return sizes


def as_fill(value: float | Sequence[float] | None) -> tuple[float, ...] | None:
    """Read a fill: one number for all channels, or one per channel; None for the default."""
    if value is None:
        return None
    one = as_number(value)
    found = as_numbers(value) if one is None else (one,)
    if not found:  # on the wire an empty one says that none was given
        raise InvalidInputError(
            f"fill is {in_brief(value, long='a {}')}; give one number, or one per channel, in the model's input units."
        )
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class SlidingRequest(ImagesRequest[R_co]):
    """A request about a square that slides over an image."""

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
    batch: int | None = option(
        None, help="How many occluded images run at once; default: as many as are fastest; 1: each by itself."
    )


@verb("occlude")
@dataclass(frozen=True, kw_only=True, eq=False)
class OccludeRequest(SlidingRequest[Sweep]):
    """Slide a gray square over one image: what it does to the target, the answer, and the strongest map.

    Zeiler & Fergus 2014, §4.2 and Fig 7.
    """
