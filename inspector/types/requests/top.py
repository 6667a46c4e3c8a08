"""Top: what does a channel look for, in a set of images of any size?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from inspector.errors import InvalidInputError, in_brief
from inspector.types.given import as_integers
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.images import Examples


def as_channels(value: int | Sequence[int] | None) -> tuple[int, ...]:
    """Read numbers of channels, each once: several, or one alone; None is none."""
    if value is None:
        return ()
    found: Any = as_integers(value)
    if found is None or any(one < 0 for one in found):
        raise InvalidInputError(
            f"channels is {in_brief(value, long='a {}')}; give whole numbers from 0 on.", field=""
        )
    return tuple(dict.fromkeys(found))


@verb("top")
@dataclass(frozen=True, kw_only=True, eq=False)
class TopRequest(ImagesRequest[Examples]):
    """Find what excites channels of a layer most in a set of images: patches, and what the channel projects to there.

    Zeiler & Fergus 2014, Fig 2. The images are looked at one after the other, however many they are.
    """

    layer: str | None = option(None, help="A layer's name; default: the last with maps.", short="l")
    channels: tuple[int, ...] = option(
        (),
        help="Which channels; default: those that stand out, each with images of its own.",
        take=as_channels,
    )
    rows: int = option(8, help="How many channels are chosen where none are named.")
    count: int = option(9, help="How many examples each channel has, strongest first.")
    per_image: int = option(1, help="How many of a channel's examples one image may give.")
    projections: bool = option(default=True, help="Whether each patch comes with its deconvnet projection.")
    method: str = option(
        "deconvnet", help="How units are projected to the image: a method of attribution, such as guided."
    )
    border: Literal["pad", "cut"] = option(
        "pad",
        help="Windows that reach over the image's edge: pad them with gray, so that places correspond, or cut them.",
    )
