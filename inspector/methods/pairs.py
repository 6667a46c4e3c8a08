"""Which target goes with which image: one with all, all with one, one to one, or every target with every image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from inspector.errors import InvalidInputError
from inspector.resolve.targets import Aim
from inspector.types.requests.attribute import unpairable


@dataclass(frozen=True, eq=False)
class Paired:
    """A target on one of several images."""

    target: Aim
    image: int
    number: int
    """Which of the targets that were asked for it is."""


class Pair(NamedTuple):
    """A target on an image, and where its map belongs."""

    place: int
    target: Aim
    image: int
    number: int
    """Which of the targets that were asked for it is."""


def crossed(targets: Sequence[Aim], images: int) -> list[Paired]:
    """Return every target on every image, those of the first image first."""
    return [Paired(one, image, number) for image in range(images) for number, one in enumerate(targets)]


def unpaired(target: Aim | Paired) -> Aim:
    """Return a target without its image."""
    return target.target if isinstance(target, Paired) else target


def pairs(targets: Sequence[Aim | Paired], images: int) -> list[Pair]:
    """Pair targets with images: as they are paired, one target for all, all targets for one image, or one to one."""
    if not targets:
        raise InvalidInputError("No target was given; give at least one, or None.", field="targets")
    found: list[Pair] = []
    for number, target in enumerate(targets):
        if isinstance(target, Paired):
            found.append(Pair(number, target.target, target.image, target.number))
        elif len(targets) == 1:
            return [Pair(image, target, image, 0) for image in range(images)]
        elif images == 1:
            found.append(Pair(number, target, 0, number))
        elif len(targets) == images:
            found.append(Pair(number, target, number, number))
        else:
            raise unpairable(len(targets), images)
    return found
