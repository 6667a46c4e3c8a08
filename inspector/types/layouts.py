"""Layouts: which axis of an image's array is which, as a word such as "NCHW", "NLC" or "NCDHW".

N is the batch and C the channels; what is left are the axes of space, in this order: L of a signal, HW of an image,
DHW of a volume or a film. A layout without N is that of an input that takes one image and has no batch axis, one
without C that of an image of one channel that has no axis for it. "NC" is no image: a flat vector, or features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

BATCH, CHANNEL = "N", "C"
SPACE = "LDHW"
"""All letters of axes of space."""
SPACES = ("", "L", "HW", "DHW")
"""The axes of space by their number."""
USUAL = ("NCHW", "NHWC", "NC", "NCL", "NLC", "NCDHW", "NDHWC")

T = TypeVar("T")


def is_layout(text: str) -> bool:
    """Return whether a word is a layout."""
    space = text.replace(BATCH, "").replace(CHANNEL, "")
    return (
        bool(text)
        and space in SPACES
        and text.count(CHANNEL) <= 1
        and text.find(BATCH) <= 0
        and text.count(BATCH) <= 1
        and (bool(space) or text == "NC")
    )


def batched(layout: str) -> str:
    """Return the layout of several images."""
    return layout if layout.startswith(BATCH) else BATCH + layout


def of_one(layout: str) -> str:
    """Return the layout of one image, without the batch axis."""
    return layout.removeprefix(BATCH)


def channel_axis(layout: str) -> int | None:
    """Return the axis of channels in an array of that layout; None where it has none, or is that of no image."""
    found = layout.find(CHANNEL)
    return None if found < 0 or not space_of(layout) else found


def spatial_axes(layout: str) -> tuple[int, ...]:
    """Return the axes of space in an array of that layout, in the image's order; none of what is no image."""
    return tuple(axis for axis, letter in enumerate(layout) if letter in SPACE)


def space_of(layout: str) -> str:
    """Return the letters of the axes of space: "HW" of "NCHW"."""
    return "".join(letter for letter in layout if letter in SPACE)


def spatial_sizes(sizes: Sequence[T], layout: str) -> tuple[T, ...]:
    """Return the sizes of the axes of space of a shape in that layout."""
    return tuple(sizes[axis] for axis in spatial_axes(layout))
