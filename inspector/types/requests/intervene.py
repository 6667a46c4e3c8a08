"""Ablation and patching: which channels of a layer act on the answer?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inspector.errors import InvalidInputError, in_brief
from inspector.types.given import as_integers
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.figure import Figure
from inspector.types.targets import Target, as_target


def as_channels(value: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """Read channels by their indices; None for all of them."""
    if value is None:
        return None
    found = as_integers(value)
    if not found or min(found) < 0:
        raise InvalidInputError(
            f"channels is {in_brief(value, long='a {}')}; give indices of channels, from 0 on."
        )
    return tuple(dict.fromkeys(found))


@verb("ablate")
@dataclass(frozen=True, kw_only=True, eq=False)
class AblateRequest(ImagesRequest[Figure]):
    """Replace each channel of a layer, one after another, and rank them by what the answer loses.

    Whatever passes the layer by (skip connections, branches) stays as it was. Over several images it is the mean.
    """

    layer: str | None = option(
        None, help="Whose channels are replaced; default: the last with maps.", short="l"
    )
    target: Target | None = option(
        None, help="What is watched; default: the most probable class of each image.", take=as_target
    )
    channels: tuple[int, ...] | None = option(
        None, help="Which channels, by their indices; default: all.", take=as_channels
    )
    value: Literal["zero", "mean"] | float = option(
        "zero",
        help="What is put there: zero, mean (of the channel over the images and all places), or a number.",
    )
    top: int = option(6, help="How many of the channels that act most are drawn.")


@verb("patch")
@dataclass(frozen=True, kw_only=True, eq=False)
class PatchRequest(ImagesRequest[Figure]):
    """Put a layer's channels of one image, the source, into others, and rank them by what that changes.

    A channel that carries what the source's answer rests on brings that answer with it.
    """

    layer: str | None = option(
        None, help="Whose channels are put in; default: the last with maps.", short="l"
    )
    target: Target | None = option(
        None, help="What is watched; default: the most probable class of the source.", take=as_target
    )
    source: int = option(-1, help="Which of the images gives the channels, by its index; default: the last.")
    channels: tuple[int, ...] | None = option(
        None, help="Which channels, by their indices; default: all.", take=as_channels
    )
    top: int = option(6, help="How many of the channels that act most are drawn.")
